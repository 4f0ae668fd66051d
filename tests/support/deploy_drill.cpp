// SPDX-License-Identifier: Apache-2.0
#include "support/deploy_drill.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <thread>

namespace gateway::support {
namespace {

constexpr std::size_t endpoint_count = 4;
// Longer than a proxy's own time-outs: what it makes of them is the result.
constexpr milliseconds client_patience{70'000};
// Between two replacements; each has settled before the next.
constexpr milliseconds replacement_pause{2'000};

}  // namespace

std::string drill_tally::text() const {
    std::ostringstream out;
    out << requests() << " requests in " << seconds << " s, " << replaced
        << " replaced; failed: " << failed_gets << " of " << gets << " GET, " << failed_posts
        << " of " << posts << " POST; " << repeated_posts << " POST repeated; slowest "
        << slowest_seconds << " s;";
    for (std::size_t status = 0; status < by_status.size(); ++status) {
        if (by_status[status] != 0) out << ' ' << status << ": " << by_status[status];
    }
    return out.str();
}

// One keep-alive connection with one request under way.
struct deploy_drill::client {
    std::uint16_t proxy;
    std::size_t index;
    steady::time_point until;
    drill_tally counts{};
    std::uint64_t sent = 0;

    void run() {
        std::unique_ptr<stream> connection;
        while (steady::now() < until) {
            bool const post = sent++ % 4 == 3;
            auto const begun = steady::now();
            int const status = ask(connection, post);
            std::chrono::duration<double> const took = steady::now() - begun;
            ++(post ? counts.posts : counts.gets);
            ++counts.by_status[static_cast<std::size_t>(std::clamp(status, 0, 599))];
            if (status != 200) ++(post ? counts.failed_posts : counts.failed_gets);
            counts.slowest_seconds = std::max(counts.slowest_seconds, took.count());
        }
    }

    std::string request(bool post) const {
        if (!post) return "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
        return "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\nIdempotency-Key: " +
               std::to_string(index) + "-" + std::to_string(sent) + "\r\n\r\nwork";
    }

    // The status, or 0 without an answer. A connection that the proxy closed between two requests
    // is no failure of the second one: it says so beforehand, or nothing of it was read.
    int ask(std::unique_ptr<stream>& connection, bool post) {
        try {
            if (!connection) connection = std::make_unique<stream>(stream::connect(proxy));
            connection->write(request(post), client_patience);
            std::string answer;
            std::array<char, 8'192> bytes;
            std::size_t whole = std::string::npos;
            while (answer.size() < whole) {
                auto const got = connection->read_some(bytes.data(), bytes.size(), client_patience);
                if (got == 0) break;
                answer.append(bytes.data(), got);
                auto const end = answer.find("\r\n\r\n");
                if (end != answer.npos && whole == std::string::npos) {
                    whole = end + 4 + length_of(answer.substr(0, end + 2));
                }
            }
            if (answer.size() < whole) {
                connection.reset();
                return 0;
            }
            if (answer.find("onnection: close") != answer.npos) connection.reset();
            return std::stoi(answer.substr(9, 3));
        } catch (std::exception const&) {
            connection.reset();
            return 0;
        }
    }

    static std::size_t length_of(std::string const& head) {
        for (auto const* name : {"ontent-Length: ", "ontent-length: "}) {
            auto const at = head.find(name);
            if (at != head.npos) return std::stoul(head.substr(at + 15));
        }
        return 0;
    }
};

deploy_drill::deploy_drill() {
    for (std::size_t i = 0; i < endpoint_count; ++i) start_one(answers_after_);
    tell_dns();
}

deploy_drill::~deploy_drill() = default;

std::string deploy_drill::start_one(milliseconds answers_after) {
    std::string const address = "127.0.2." + std::to_string(next_address_++);
    endpoints_.emplace_back(
        address, std::make_unique<lean_origin>(address, port_, ledger_, answers_after));
    port_ = endpoints_.back().second->port();
    return address;
}

void deploy_drill::tell_dns() {
    std::vector<std::string> addresses;
    for (auto const& [address, origin] : endpoints_) addresses.push_back(address);
    dns_.a(name, addresses, 1);
}

void deploy_drill::replace_next(leaving how) {
    start_one(answers_after_);
    auto const old = std::move(endpoints_.front().second);
    endpoints_.erase(endpoints_.begin());
    tell_dns();
    old->leave(how);
}

drill_tally deploy_drill::run(std::uint16_t proxy_port, drill_plan const& plan) {
    auto const begun = steady::now();
    auto const until = begun + plan.length;
    std::vector<client> clients;
    for (std::size_t i = 0; i < plan.clients; ++i) clients.push_back({proxy_port, i, until});
    std::vector<std::thread> threads;
    for (client& each : clients) threads.emplace_back([&each] { each.run(); });

    drill_tally sum;
    if (plan.odd_one != conduct::well) {
        std::this_thread::sleep_for(plan.length / 5);  // the drill's plan: at first all are well
        endpoints_.front().second->behave(plan.odd_one);
    }
    for (auto next = begun + replacement_pause / 2;
         plan.replaces && next + replacement_pause / 2 < until; next += replacement_pause) {
        std::this_thread::sleep_until(next);
        replace_next(sum.replaced++ % 2 == 0 ? leaving::drained : leaving::abrupt);
    }
    std::this_thread::sleep_until(until);
    // A client may still wait for the odd one; it is let go.
    endpoints_.front().second->behave(conduct::well);
    for (std::thread& each : threads) each.join();

    sum.seconds = std::chrono::duration<double>(steady::now() - begun).count();
    for (client const& each : clients) {
        sum.gets += each.counts.gets;
        sum.posts += each.counts.posts;
        sum.failed_gets += each.counts.failed_gets;
        sum.failed_posts += each.counts.failed_posts;
        sum.slowest_seconds = std::max(sum.slowest_seconds, each.counts.slowest_seconds);
        for (std::size_t i = 0; i < sum.by_status.size(); ++i) {
            sum.by_status[i] += each.counts.by_status[i];
        }
    }
    sum.repeated_posts = ledger_.repeated();
    return sum;
}

}  // namespace gateway::support

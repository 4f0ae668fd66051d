// SPDX-License-Identifier: Apache-2.0
// An origin that resets, stalls, truncates, floods and answers early, from a fixed seed. Whatever
// it does, each response is whole and right or visibly failed, every request is counted once, and
// nothing is left behind.
#include "support/gateway_process.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

namespace gateway::support {
namespace {

unsigned const requests = sanitized ? 2'000 : 20'000;
constexpr unsigned clients = 16;
// Each serves one connection at a time: as many as may be under way, and as many idle ones.
constexpr unsigned servers = 4 * clients;

// Far above what an origin that behaves takes for its largest answer, a sanitizer's slowness
// included: only those that stall may meet them.
char const* const deadlines = sanitized
                                  ? "response_head: 2s, response_body: 2s, upstream_idle: 1s"
                                  : "response_head: 200ms, response_body: 200ms, upstream_idle: 1s";

// What the origin does with a request; the request's number decides.
enum class conduct : unsigned {
    length,
    chunked,
    until_close,
    resets_at_once,
    stalls_before_head,
    stalls_in_body,
    cuts_length,
    cuts_chunks,
    poisons,  // a second response behind the first one
    endless_head,
    endless_interim,
    garbage,
    early,         // before it reads the request's body, then it goes
    leaves_after,  // a good response, then a reset
    count
};

std::uint32_t scrambled(std::uint32_t number) {
    number = (number ^ 0x5bd1e995U) * 0x9e3779b1U;
    number = (number ^ (number >> 15)) * 0x85ebca77U;
    return number ^ (number >> 13);
}

struct part {
    explicit part(std::uint32_t which) : number{which} {}
    std::uint32_t number;

    // Every second request is served well. Stalls cost time, so they are rarer than the others.
    conduct way() const {
        std::uint32_t const draw = scrambled(number) % 64;
        if (draw < 32) return static_cast<conduct>(draw % 3);
        if (draw == 32) return conduct::stalls_before_head;
        if (draw == 33) return conduct::stalls_in_body;
        constexpr std::array faults{
            conduct::resets_at_once, conduct::cuts_length,  conduct::cuts_chunks,
            conduct::poisons,        conduct::endless_head, conduct::endless_interim,
            conduct::garbage,        conduct::early,        conduct::leaves_after};
        return faults[draw % faults.size()];
    }
    bool is_served_well() const { return way() <= conduct::until_close; }
    bool has_body() const { return number % 3 == 0; }
    std::size_t request_size() const {
        return scrambled(number + 1) % (number % 37 == 0 ? 300'000 : 3'000);
    }
    std::size_t response_size() const {
        return scrambled(number + 2) % (number % 41 == 0 ? 300'000 : 5'000);
    }
    // No two have the same bytes: a response that belongs to another request is wrong.
    std::string bytes(std::size_t size, char salt) const {
        std::string const stamp = std::to_string(number) + salt;
        std::string all;
        all.reserve(size + stamp.size());
        while (all.size() < size) all += stamp;
        all.resize(size);
        return all;
    }
    std::string request_body() const { return bytes(request_size(), '>'); }
    std::string response_body() const { return bytes(response_size(), '<'); }
};

std::string with_length(std::string const& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class chaotic_origin {
public:
    chaotic_origin() : stop_{::eventfd(0, EFD_CLOEXEC)} {
        for (unsigned i = 0; i < servers; ++i) threads_.emplace_back([this] { serve_all(); });
    }
    ~chaotic_origin() {
        ::eventfd_write(stop_.number(), 1);
        for (auto& each : threads_) each.join();
    }

    std::string endpoint() const { return "127.0.0.1:" + std::to_string(listener_.port()); }
    unsigned wrong_requests() const { return wrong_; }

private:
    void serve_all() {
        try {
            for (;;) serve(http_stream{listener_.accept(stop_.number()), patience(60s)});
        } catch (stopped const&) {}
    }

    void serve(http_stream connection) {
        try {
            while (connection.is_open()) {
                auto request = connection.receive_head();
                if (!request) return;
                part const what{
                    static_cast<std::uint32_t>(std::stoul(request->target().substr(1)))};
                if (what.way() != conduct::early) {
                    connection.receive_body(*request, unframed::is_empty);
                    if (request->body != (what.has_body() ? what.request_body() : "")) ++wrong_;
                }
                answer(connection, what);
            }
        } catch (connection_lost const&) {
        } catch (timed_out const&) {}
    }

    static void wait_for_end(http_stream& connection) {
        while (!connection.receive_some().empty()) {}
        connection.close();
    }

    static void answer(http_stream& connection, part const& what) {
        std::string const body = what.response_body();
        std::string const good = with_length(body);
        switch (what.way()) {
            case conduct::length: connection.send(good); return;
            case conduct::chunked: send_chunked(connection, body, true); return;
            case conduct::until_close:
                connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body);
                connection.close();
                return;
            case conduct::resets_at_once: connection.reset(); return;
            case conduct::stalls_before_head: wait_for_end(connection); return;
            case conduct::stalls_in_body:
                connection.send(
                    good.substr(0, good.size() - std::min<std::size_t>(body.size(), 1)));
                wait_for_end(connection);
                return;
            case conduct::cuts_length:
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size() + 1) +
                    "\r\n\r\n" + body);
                connection.close();
                return;
            case conduct::cuts_chunks:
                send_chunked(connection, body, false);
                if (what.number % 2 == 0) connection.reset();
                connection.close();
                return;
            case conduct::poisons: connection.send(good + with_length("poison")); return;
            case conduct::endless_head:
                flood(connection, "HTTP/1.1 200 OK\r\nX-Pad: ", "pad-pad-pad-");
                return;
            case conduct::endless_interim:
                flood(connection, {}, "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n");
                return;
            case conduct::garbage:
                connection.send("SSH-2.0-OpenSSH_9.2\r\n" + body + "\r\n\r\n");
                wait_for_end(connection);
                return;
            case conduct::early:
                connection.send(
                    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy");
                connection.close();
                return;
            default: connection.send(good); connection.reset();
        }
    }

    static void send_chunked(http_stream& connection, std::string_view body, bool to_the_end) {
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (std::size_t at = 0; at < body.size(); at += 1'000) {
            connection.send_chunk(body.substr(at, 1'000));
        }
        if (to_the_end) connection.send("0\r\n\r\n");
    }

    static void flood(http_stream& connection, std::string_view begin, std::string_view again) {
        connection.send(begin);
        std::string block;
        while (block.size() < 8'000) block += again;
        for (int i = 0; i < 500; ++i) connection.send(block);
        connection.close();
    }

    listening_socket listener_;
    descriptor stop_;
    std::atomic<unsigned> wrong_{0};
    std::vector<std::thread> threads_;
};

// What became of the requests, as the clients saw it.
struct tally {
    std::atomic<unsigned> sent{0};
    std::atomic<unsigned> whole{0};
    std::atomic<unsigned> failed{0};  // an error of the gateway's, or a response that broke off
    std::atomic<unsigned> early{0};   // the origin's own refusal
    std::atomic<unsigned> well_served_failed{0};
    std::mutex mutex;
    std::vector<std::string> wrong;

    void is_wrong(part const& what, std::string const& why) {
        std::lock_guard lock{mutex};
        wrong.push_back("request " + std::to_string(what.number) + ": " + why);
    }
};

class chaos_client {
public:
    chaos_client(std::uint16_t port, tally& counts) : port_{port}, counts_{counts} {}

    void ask(part const& what) {
        if (!client_ || !client_->is_open()) client_.emplace(port_);
        std::string const target = "/" + std::to_string(what.number);
        ++counts_.sent;
        bool ok = false;
        try {
            client_->send(
                what.has_body() ? post_request(target, what.request_body()) : get_request(target));
        } catch (connection_lost const&) {
            // It may have answered before it took everything.
        }
        try {
            ok = judge(what);
        } catch (connection_lost const&) {
            ++counts_.failed;
            client_.reset();
        } catch (std::exception const& e) {
            counts_.is_wrong(what, e.what());
            client_.reset();
        }
        if (!ok && what.is_served_well()) ++counts_.well_served_failed;
    }

private:
    bool judge(part const& what) {
        message reply = client_->receive();
        while (reply.status() / 100 == 1) reply = client_->receive();
        if (equal_ignoring_case(reply.value("Connection"), "close")) client_.reset();
        if (reply.status() == 200) {
            if (reply.body != what.response_body()) counts_.is_wrong(what, "another body");
            ++counts_.whole;
            return true;
        }
        if (reply.body == "busy" && what.way() == conduct::early) {
            ++counts_.early;
        } else if (reply.status() >= 500 && reply.body.find("\"cause\":\"") != std::string::npos) {
            ++counts_.failed;
        } else {
            counts_.is_wrong(what, reply.head + reply.body);
        }
        return false;
    }

    std::uint16_t port_;
    tally& counts_;
    std::optional<raw_client> client_;
};

void ask_range(std::uint16_t port, tally& counts, std::uint32_t begin, std::uint32_t end) {
    std::atomic<std::uint32_t> next{begin};
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < clients; ++i) {
        threads.emplace_back([&] {
            chaos_client client{port, counts};
            for (std::uint32_t number = next++; number < end; number = next++) {
                client.ask(part{number});
            }
        });
    }
}

}  // namespace

TEST_CASE("an origin gone mad harms only its own responses", "[wire][chaos]") {
    chaotic_origin origin;
    gateway_process gateway{
        all_to(origin.endpoint()).timeouts(deadlines).runtime("threads: 2").logging("access: off")};
    gateway.wait_for_metric("gateway_connections_active", 0);
    auto const descriptors = gateway.open_descriptors();

    tally counts;
    std::uint32_t const warm = requests / 10;
    ask_range(gateway.port(), counts, 0, warm);
    gateway.forget_peak_memory();
    auto const memory = gateway.peak_memory_bytes();
    ask_range(gateway.port(), counts, warm, requests);

    for (auto const& each : counts.wrong) FAIL_CHECK(each);
    CHECK(origin.wrong_requests() == 0);
    CHECK(counts.sent == requests);
    CHECK(counts.whole + counts.failed + counts.early == requests);
    CHECK(counts.failed > requests / 5);
    // Those whose origin behaved may meet a connection that an earlier one has ruined.
    CAPTURE(counts.well_served_failed.load());
    CHECK(counts.well_served_failed <= requests / 1'000);

    gateway.wait_for_metric("gateway_requests_in_flight", 0);
    gateway.wait_for_metric("http_requests_total", requests);
    gateway.wait_for_metric("gateway_connections_active", 0);
    // Idle upstream connections go within their second; what is left of it are pipes kept for
    // reuse.
    constexpr std::size_t kept_pipes = 2 * 2 * 32;
    auto const until = steady::now() + patience();
    while (gateway.open_descriptors() > descriptors + kept_pipes && steady::now() < until) {
        std::this_thread::sleep_for(50ms);  // between two looks at /proc
    }
    CHECK(gateway.open_descriptors() <= descriptors + kept_pipes);
    gateway.forget_peak_memory();
    auto const grown = gateway.peak_memory_bytes() - std::min(memory, gateway.peak_memory_bytes());
    CAPTURE(memory, grown);
    if (!sanitized) CHECK(grown < 8 * 1024 * 1024);
}

}  // namespace gateway::support

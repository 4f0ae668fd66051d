// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include "observe/log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gateway::net {
namespace {

namespace asio = boost::asio;
using results = asio::ip::tcp::resolver::results_type;

std::vector<address> addresses_of(results const& found) {
    std::vector<address> out;
    for (auto const& entry : found) {
        sockaddr_storage raw{};
        std::memcpy(&raw, entry.endpoint().data(), entry.endpoint().size());
        address const each{raw};
        if (std::find(out.begin(), out.end(), each) == out.end()) out.push_back(each);
    }
    // Name servers rotate their answers; the order must not look like a change.
    std::sort(out.begin(), out.end(), [](address const& a, address const& b) {
        return a.bytes() < b.bytes();
    });
    return out;
}

std::string list(std::vector<address> const& all) {
    std::string text;
    for (address const& each : all) text += (text.empty() ? "" : ", ") + each.text();
    return text;
}

}  // namespace

// Owned by `shared`; its callbacks run on the control thread.
struct resolver::name {
    name(asio::io_context& control, std::string host_name, std::uint16_t port_number, changed who)
        : lookup(control),
          timer(control),
          host(std::move(host_name)),
          port(port_number),
          told(std::move(who)) {}

    void ask() {
        asking = true;
        lookup.async_resolve(
            host, std::to_string(port), asio::ip::resolver_base::numeric_service,
            [this](boost::system::error_code failed, results found) {
                asking = false;
                ++answers;
                if (failed == asio::error::operation_aborted || stopped) return;
                answered(failed, found);
            });
    }

    void answered(boost::system::error_code failed, results const& found) {
        std::vector<address> now = failed ? std::vector<address>{} : addresses_of(found);
        if (now.empty()) {
            if (!complained) {
                observe::log_warn(
                    "upstream name {} does not resolve ({}); {}", host,
                    failed ? failed.message() : "empty answer",
                    known.empty() ? "trying again every second" : "keeping the last addresses");
            }
            complained = true;
        } else {
            if (now != known) {
                known = std::move(now);
                observe::log_info("upstream name {} resolves to {}", host, list(known));
                told(known);
            }
            complained = false;
        }
        timer.expires_after(known.empty() ? resolver::retry : resolver::refresh);
        timer.async_wait([this](boost::system::error_code aborted) {
            if (!aborted && !stopped) ask();
        });
    }

    asio::ip::tcp::resolver lookup;
    asio::steady_timer timer;
    std::string host;
    std::uint16_t port;
    changed told;
    std::vector<address> known;
    bool complained = false;
    bool asking = false;
    unsigned answers = 0;
    bool stopped = false;
};

struct resolver::shared {
    asio::io_context& control;
    std::vector<std::unique_ptr<name>> names;
};

resolver::resolver(asio::io_context& control)
    : shared_(std::make_unique<shared>(shared{control, {}})) {}

resolver::~resolver() = default;

void resolver::follow(std::string host, std::uint16_t port, changed told) {
    if (auto const literal = address::from_literal(host, port)) {
        told({*literal});
        return;
    }
    shared_->names.push_back(
        std::make_unique<name>(shared_->control, std::move(host), port, std::move(told)));
    shared_->names.back()->ask();
}

bool resolver::has_asked_all() const noexcept {
    for (auto const& each : shared_->names) {
        if (each->answers == 0) return false;
    }
    return true;
}

bool resolver::is_looking_up() const noexcept {
    for (auto const& each : shared_->names) {
        if (each->asking) return true;
    }
    return false;
}

void resolver::stop() {
    for (auto const& each : shared_->names) {
        each->stopped = true;
        each->lookup.cancel();
        each->timer.cancel();
    }
}

}  // namespace gateway::net

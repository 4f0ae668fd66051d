// SPDX-License-Identifier: Apache-2.0
#include "demo/http_origin.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace gateway::demo {
namespace {

namespace asio = boost::asio;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds accept_retry = 100ms;

// A connection's place in the origin's set, for as long as its coroutine runs.
class place {
public:
    place(std::unordered_set<connection*>& all, asio::steady_timer& room, connection& mine)
        : all_(all), room_(room), mine_(&mine) {
        all_.insert(mine_);
    }
    ~place() {
        all_.erase(mine_);
        room_.cancel();
    }
    place(place const&) = delete;
    place& operator=(place const&) = delete;

private:
    std::unordered_set<connection*>& all_;
    asio::steady_timer& room_;
    connection* mine_;
};

}  // namespace

http_origin::http_origin(
    asio::io_context& context,
    std::string server,
    responder answer,
    limits allowed,
    std::optional<tcp::endpoint> where)
    : context_(context),
      server_(std::move(server)),
      answer_(std::move(answer)),
      limits_(allowed),
      acceptor_(context, where.value_or(tcp::endpoint(asio::ip::address_v4::loopback(), 0))),
      room_(context),
      tick_(context) {}

std::uint16_t http_origin::port() const { return acceptor_.local_endpoint().port(); }

void http_origin::start() {
    asio::co_spawn(context_, accept(), asio::detached);
    asio::co_spawn(context_, sweep(), asio::detached);
}

void http_origin::announce_end() {
    ending_ = true;
    for (auto* const one : connections_) one->close_after_answer();
}

void http_origin::close_idle() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    room_.cancel();
    for (auto* const one : connections_) {
        if (one->is_idle()) one->abort();
    }
}

void http_origin::stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    room_.cancel();
    tick_.cancel();
    for (auto* const one : connections_) one->abort();
}

awaitable<void> http_origin::accept() {
    while (acceptor_.is_open()) {
        if (connections_.size() >= limits_.connections) {
            room_.expires_at(time_point::max());
            co_await room_.async_wait(no_throw);
            continue;
        }
        auto [error, socket] = co_await acceptor_.async_accept(no_throw);
        if (!error) {
            boost::system::error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
        } else if (acceptor_.is_open()) {
            // Out of descriptors, most likely: it passes when a connection ends.
            room_.expires_after(accept_retry);
            co_await room_.async_wait(no_throw);
        }
    }
}

awaitable<void> http_origin::serve(tcp::socket socket) {
    // Accepted before `stop`, begun after it: `stop` has not seen this one.
    if (!acceptor_.is_open()) co_return;
    connection client(std::move(socket), server_, limits_.idle);
    place const mine(connections_, room_, client);
    if (ending_) client.close_after_answer();
    try {
        auto goes_on = co_await client.read_head();
        while (goes_on) {
            co_await answer_(client);
            goes_on = co_await client.settle();
            if (goes_on) goes_on = co_await client.read_head();
        }
    } catch (std::exception const&) {
        // The client left, stalled or broke the protocol: closing is the whole answer.
    }
}

// Deadlines are stored by the connections and looked at here: a timer for each read and write would
// cost more than they do.
awaitable<void> http_origin::sweep() {
    auto const period = std::min<milliseconds>(1s, limits_.idle / 4);
    while (!stopped_ && (acceptor_.is_open() || !connections_.empty())) {
        tick_.expires_after(period);
        co_await tick_.async_wait(no_throw);
        auto const now = clock::now();
        for (auto* const one : connections_) {
            if (one->deadline() <= now) one->abort();
        }
    }
}

}  // namespace gateway::demo

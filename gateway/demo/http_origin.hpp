// SPDX-License-Identifier: Apache-2.0
// Accepts clients on one address and has every request answered by one function.
#pragma once

#include "base/units.hpp"
#include "demo/connection.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>

namespace gateway::demo {

// Lives on the thread that runs its io_context, which must outlive it and must have run out of work
// before it goes.
class http_origin {
public:
    struct limits {
        std::size_t connections = 2048;  // more wait in the kernel's backlog
        milliseconds idle = 60s;         // longest wait for a client, in either direction
    };
    using responder = std::function<awaitable<void>(connection&)>;

    // Binds `where`, or 127.0.0.1 on a free port; throws std::system_error. `server` is its Server
    // field.
    http_origin(
        boost::asio::io_context& context,
        std::string server,
        responder answer,
        limits allowed,
        std::optional<tcp::endpoint> where = {});

    std::uint16_t port() const;
    void start();  // from any thread before the context runs
    // On the context's thread. The gentle end in its steps: each answer is its connection's last;
    // then nothing new is accepted and idle connections close; at last all close. The context runs
    // out of work when the last connection has ended.
    void announce_end();
    void close_idle();
    void stop();
    bool is_serving() const noexcept { return !connections_.empty(); }

private:
    awaitable<void> accept();
    awaitable<void> serve(tcp::socket socket);
    awaitable<void> sweep();

    boost::asio::io_context& context_;
    std::string server_;
    responder answer_;
    limits limits_;
    tcp::acceptor acceptor_;
    boost::asio::steady_timer room_;  // cancelled when a place becomes free
    boost::asio::steady_timer tick_;
    std::unordered_set<connection*> connections_;
    bool ending_ = false;
    bool stopped_ = false;
};

}  // namespace gateway::demo

// SPDX-License-Identifier: Apache-2.0
// Accepts clients on a loopback port and has every request answered by one function.
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

    // Binds 127.0.0.1 on a free port; throws std::system_error. `server` is its Server field.
    http_origin(
        boost::asio::io_context& context, std::string server, responder answer, limits allowed);

    std::uint16_t port() const;
    void start();  // from any thread before the context runs
    void stop();   // on the context's thread: closes all, and the context runs out of work

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
};

}  // namespace gateway::demo

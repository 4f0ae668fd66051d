// SPDX-License-Identifier: Apache-2.0
// The admin server's listening socket: bound here, or handed over by whoever held it before.
#pragma once

#include "settings/settings.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>

namespace gateway::admin {

// Throws std::system_error that names the address.
boost::asio::ip::tcp::acceptor open_acceptor(
    boost::asio::io_context& context,
    settings::host_port const& address,
    std::optional<int> handed);

// Also where others go on with the socket: closing alone would leave it in Asio's epoll set, which
// release() does not. Safe to repeat.
void close_acceptor(boost::asio::ip::tcp::acceptor& acceptor) noexcept;

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
#include "admin/admin_socket.hpp"

#include "net/address.hpp"

#include <unistd.h>

#include <cstring>
#include <sstream>
#include <system_error>

namespace gateway::admin {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

tcp::endpoint endpoint_of(settings::host_port const& from) {
    auto const address = net::address::from_literal(from.host, from.port);
    if (!address) {
        throw std::system_error{
            std::make_error_code(std::errc::invalid_argument),
            "the admin address must be a literal IP address, not \"" + from.host + '"'};
    }
    tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), address->raw(), address->raw_size());
    endpoint.resize(address->raw_size());
    return endpoint;
}

}  // namespace

tcp::acceptor open_acceptor(
    asio::io_context& context, settings::host_port const& address, std::optional<int> handed) {
    tcp::endpoint const endpoint = endpoint_of(address);
    try {
        if (handed) return tcp::acceptor{context, endpoint.protocol(), *handed};
        return tcp::acceptor{context, endpoint};  // with SO_REUSEADDR
    } catch (boost::system::system_error const& problem) {
        std::ostringstream text;
        text << "cannot listen for admin requests on " << endpoint;
        throw std::system_error{problem.code(), text.str()};
    }
}

void close_acceptor(tcp::acceptor& acceptor) noexcept {
    if (!acceptor.is_open()) return;
    boost::system::error_code failed;
    int const descriptor = acceptor.release(failed);
    if (!failed) ::close(descriptor);
}

}  // namespace gateway::admin

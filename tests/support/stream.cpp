// SPDX-License-Identifier: Apache-2.0
#include "support/stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace gateway::support {
namespace {

[[noreturn]] void fail(char const* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

sockaddr_in address_of(std::string const& address, std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) fail("inet_pton");
    return where;
}

sockaddr const* generic(sockaddr_in const& where) {
    return static_cast<sockaddr const*>(static_cast<void const*>(&where));
}

std::uint16_t port_of(int socket) {
    sockaddr_in where{};
    socklen_t size = sizeof where;
    if (::getsockname(socket, static_cast<sockaddr*>(static_cast<void*>(&where)), &size) != 0) {
        fail("getsockname");
    }
    return ntohs(where.sin_port);
}

void send_at_once(int socket) {
    int const on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void descriptor::close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

stream::stream(descriptor socket, int stop) : socket_{std::move(socket)}, stop_{stop} {
    send_at_once(socket_.number());
}

stream stream::connect(std::uint16_t port, std::string const& address) {
    descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket) fail("socket");
    auto const where = address_of(address, port);
    if (::connect(socket.number(), generic(where), sizeof where) != 0) {
        // A listener that closes resets what it has not accepted yet, even within the handshake.
        bool const is_refusal = errno == ECONNREFUSED || errno == ECONNRESET;
        if (is_refusal) throw connect_refused{"connection refused"};
        fail("connect");
    }
    return stream{std::move(socket)};
}

void stream::await(short events, steady::time_point until, char const* what) const {
    auto const left = std::chrono::ceil<milliseconds>(until - steady::now());
    if (left <= 0ms) throw timed_out{what};
    std::array<pollfd, 2> watched{{{socket_.number(), events, 0}, {stop_, POLLIN, 0}}};
    ::poll(watched.data(), stop_ < 0 ? 1 : 2, static_cast<int>(left.count()));
    if (watched[1].revents != 0) throw stopped{"stopped"};
}

std::size_t stream::read_some(char* into, std::size_t size, milliseconds wait) {
    auto const until = steady::now() + wait;
    if (tls_) return read_tls(into, size, until);
    for (;;) {
        auto const n = ::recv(socket_.number(), into, size, MSG_DONTWAIT);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == ECONNRESET) throw connection_lost{"connection reset by peer"};
        if (errno != EAGAIN && errno != EINTR) fail("recv");
        await(POLLIN, until, "no byte arrived in time");
    }
}

void stream::accept_tls(tls_server const& as) {
    ::fcntl(socket_.number(), F_SETFL, ::fcntl(socket_.number(), F_GETFL) | O_NONBLOCK);
    tls_ = std::make_unique<tls_layer>(as, socket_.number());
    auto const until = steady::now() + patience();
    for (;;) {
        auto const step = tls_->handshake();
        if (step.next == tls_layer::wait::none) return;
        await_tls(step.next, until);
    }
}

void stream::await_tls(tls_layer::wait what, steady::time_point until) const {
    switch (what) {
        case tls_layer::wait::for_reading: await(POLLIN, until, "no byte arrived in time"); break;
        case tls_layer::wait::for_writing: await(POLLOUT, until, "peer took no byte"); break;
        default: throw connection_lost{"TLS broke off"};
    }
}

std::size_t stream::read_tls(char* into, std::size_t size, steady::time_point until) {
    for (;;) {
        auto const step = tls_->read(into, size);
        if (step.next == tls_layer::wait::none) return step.bytes;
        if (step.next == tls_layer::wait::ended) return 0;
        await_tls(step.next, until);
    }
}

std::size_t stream::write_some(std::string_view bytes) {
    if (tls_) {
        auto const step = tls_->write(bytes);
        if (step.next == tls_layer::wait::none) return step.bytes;
        if (step.next != tls_layer::wait::broken) return 0;
        throw connection_lost{"peer takes no more bytes"};
    }
    auto const n =
        ::send(socket_.number(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EAGAIN || errno == EINTR) return 0;
    if (errno == ECONNRESET || errno == EPIPE) throw connection_lost{"peer takes no more bytes"};
    fail("send");
}

void stream::write(std::string_view bytes, milliseconds wait) {
    auto until = steady::now() + wait;
    while (!bytes.empty()) {
        auto const n = write_some(bytes);
        bytes.remove_prefix(n);
        if (n > 0) {
            until = steady::now() + wait;
        } else {
            await(POLLOUT, until, "peer took no byte in time");
        }
    }
}

void stream::half_close() {
    if (tls_) tls_->say_end();
    ::shutdown(socket_.number(), SHUT_WR);
}

void stream::close() {
    if (tls_ && socket_) tls_->say_end();
    close_without_notify();
}

void stream::close_without_notify() {
    tls_.reset();
    socket_.close();
}

void stream::reset() {
    linger const at_once{1, 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_without_notify();
}

void stream::receive_buffer(int bytes) {
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

std::uint16_t stream::local_port() const { return port_of(socket_.number()); }

listening_socket::listening_socket(int backlog) : listening_socket{"127.0.0.1", 0, backlog} {}

listening_socket::listening_socket(std::string const& address, std::uint16_t port, int backlog)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
    // What remains of earlier connections must not keep a replaced endpoint from coming back.
    int const on = 1;
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto const where = address_of(address, port);
    if (::bind(socket_.number(), generic(where), sizeof where) != 0) fail("bind");
    if (::listen(socket_.number(), backlog) != 0) fail("listen");
    port_ = port_of(socket_.number());
}

stream listening_socket::accept(int stop) {
    for (;;) {
        descriptor socket{::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (socket) return stream{std::move(socket), stop};
        std::array<pollfd, 2> watched{{{socket_.number(), POLLIN, 0}, {stop, POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), -1);
        if (watched[1].revents != 0) throw stopped{"stopped"};
    }
}

}  // namespace gateway::support

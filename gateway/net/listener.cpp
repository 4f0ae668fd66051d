// SPDX-License-Identifier: Apache-2.0
#include "net/listener.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace gateway::net {
namespace {

[[noreturn]] void fail(char const* what, address const& at, int descriptor) {
    int const error = errno;
    if (descriptor >= 0) ::close(descriptor);
    throw std::system_error(
        error, std::generic_category(), std::string("cannot ") + what + " " + at.text());
}

int bind_and_listen(address const& at) {
    int const descriptor =
        ::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0) fail("make a socket for", at, -1);
    int const on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    // Inherited by accepted sockets, which saves a call for each.
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::bind(descriptor, at.raw(), at.raw_size()) != 0) fail("listen on", at, descriptor);
    if (::listen(descriptor, listener::backlog) != 0) fail("listen on", at, descriptor);
    return descriptor;
}

// True when accept should be tried again at once: the failure was that connection's own.
bool belongs_to_connection(int error) {
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM ||
           error == ENETDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

}  // namespace

listener::listener(runtime::core& home, address const& at, events told)
    : home_(home), told_(std::move(told)), descriptor_(bind_and_listen(at)) {
    begin();
}

listener::listener(runtime::core& home, int descriptor, events told)
    : home_(home), told_(std::move(told)), descriptor_(descriptor), shared_(true) {
    int const on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    begin();
}

void listener::begin() {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = address{bound}.port();
    home_.every_tick([this](time_point) {
        if (!paused_) return;
        paused_ = false;
        accept_all();
    });
}

listener::~listener() {
    if (!socket_.is_open() && descriptor_ >= 0) ::close(descriptor_);
    socket_.withdraw();
}

void listener::start() {
    if (!socket_.open(home_.reactor(), descriptor_)) descriptor_ = -1;
    socket_.observe(this);
}

void listener::stop() {
    if (!socket_.is_open()) return;
    // What is left in the queue would be reset by the close.
    while (!shared_ && accept_some()) {}
    paused_ = false;
    socket_.withdraw();
    descriptor_ = -1;
}

void listener::hand_over() {
    shared_ = true;
    stop();
}

void listener::stirred(runtime::watched&) { accept_all(); }

void listener::accept_all() {
    // More wait: others get their turn first, and the edge is spent.
    if (socket_.is_open() && accept_some()) {
        home_.post([this] { accept_all(); });
    }
}

// True when more may wait.
bool listener::accept_some() {
    for (int accepted = 0; accepted < accepts_per_turn;) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        int const descriptor = ::accept4(
            socket_.descriptor(), reinterpret_cast<sockaddr*>(&peer), &size,
            SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            failing_ = false;
            ++accepted;
            told_.accepted(descriptor, address{peer});
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
        if (belongs_to_connection(errno)) continue;
        // No descriptors or memory: the edge is spent, so the tick tries again.
        paused_ = true;
        int const error = errno;
        if (!std::exchange(failing_, true)) told_.failed(error);
        return false;
    }
    return true;
}

}  // namespace gateway::net

// SPDX-License-Identifier: Apache-2.0
// The data calls of streams, plain and under TLS alike, each with its failure injection for tests.
#pragma once

#include "net/stream.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace gateway::net {

extern fault_hook faults;

// Returns true and sets errno when a test wants this call to fail.
inline bool injected(char const* call) noexcept {
    if (faults == nullptr) [[likely]]
        return false;
    int const error = faults(call);
    if (error == 0) return false;
    errno = error;
    return true;
}

// As recv(2), never interrupted.
inline ssize_t receive_bytes(int descriptor, std::span<char> into) noexcept {
    ssize_t got = 0;
    do {
        got = injected("recv") ? -1 : ::recv(descriptor, into.data(), into.size(), 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

// As send(2) and sendmsg(2), never interrupted and without SIGPIPE. A single piece needs no message
// header and no vector that the kernel would have to copy in.
inline ssize_t send_bytes(int descriptor, std::span<iovec> pieces) noexcept {
    ssize_t sent = 0;
    do {
        if (injected("send")) {
            sent = -1;
        } else if (pieces.size() == 1) {
            sent = ::send(descriptor, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = pieces.data();
            message.msg_iovlen = pieces.size();
            sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
        }
    } while (sent < 0 && errno == EINTR);
    return sent;
}

}  // namespace gateway::net

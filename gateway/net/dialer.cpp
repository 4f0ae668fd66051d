// SPDX-License-Identifier: Apache-2.0
#include "net/dialer.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace gateway::net {
namespace {

cause cause_of(int error) {
    switch (error) {
        case ECONNREFUSED: return cause::connect_refused;
        case ETIMEDOUT: return cause::connect_timeout;
        case EMFILE:
        case ENFILE: return cause::out_of_descriptors;
        default: return cause::connect_failed;
    }
}

int connect_error(stream const& socket) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

// Until the handshake is done, failed or late. Leaves closing to the caller.
runtime::task<cause> shake_hands(stream& with) {
    for (;;) {
        cause aborted = cause::none;
        switch (with.try_handshake()) {
            case handshake_step::done: co_return cause::none;
            case handshake_step::wants_read: aborted = co_await with.readable(); break;
            case handshake_step::wants_write: aborted = co_await with.writable(); break;
            case handshake_step::failed: {
                cause const why = with.tls_failure();
                co_return why != cause::none ? why : cause::out_of_memory;
            }
        }
        // The deadline does not know how far we came.
        if (aborted == cause::connect_timeout) co_return cause::tls_handshake_timeout;
        if (aborted != cause::none) co_return aborted;
    }
}

}  // namespace

runtime::task<cause> dial(
    runtime::core& home,
    address to,
    runtime::deadline_list& deadlines,
    stream& into,
    tls_peer* tls) {
    int const descriptor =
        ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0) co_return cause_of(errno);
    int const on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(descriptor, to.raw(), to.raw_size()) != 0 && errno != EINPROGRESS) {
        int const error = errno;
        ::close(descriptor);
        co_return cause_of(error);
    }
    if (!into.open(home.reactor(), descriptor)) co_return cause::connect_failed;

    runtime::deadline limit;
    limit.start(deadlines, home.now(), into, runtime::deadline::side::both, cause::connect_timeout);
    cause const aborted = co_await into.writable();
    if (aborted != cause::none) {
        into.close();
        co_return aborted;
    }
    if (int const error = connect_error(into); error != 0) {
        into.close();
        co_return cause_of(error);
    }
    into.note_connected();
    if (tls == nullptr) co_return cause::none;

    into.begin_tls(tls->begin(to, into.descriptor()));
    cause const failed = co_await shake_hands(into);
    // An exchange that was given up meanwhile says nothing about the endpoint.
    bool const told = failed == cause::none || facts_of(failed).fault == source::upstream;
    if (told) tls->ended(to, failed, into.tls() != nullptr ? into.tls()->detail() : "");
    if (failed != cause::none) into.close();
    co_return failed;
}

}  // namespace gateway::net

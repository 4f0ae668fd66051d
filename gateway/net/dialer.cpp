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

}  // namespace

runtime::task<cause> dial(
    runtime::core& home, address to, runtime::deadline_list& deadlines, stream& into) {
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
    limit.start(
        deadlines, home.now(), into, runtime::deadline::side::write, cause::connect_timeout);
    cause const aborted = co_await into.writable();
    limit.stop();
    if (aborted != cause::none) {
        into.close();
        co_return aborted;
    }
    if (int const error = connect_error(into); error != 0) {
        into.close();
        co_return cause_of(error);
    }
    co_return cause::none;
}

}  // namespace gateway::net

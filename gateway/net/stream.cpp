// SPDX-License-Identifier: Apache-2.0
#include "net/stream.hpp"

#include <fcntl.h>
#include <netinet/in.h>
// After netinet/in.h: the kernel's tcp_info has tcpi_bytes_acked, glibc's has not.
#include <linux/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace gateway::net {
namespace {

fault_hook faults = nullptr;

// Returns true and sets errno when a test wants this call to fail.
inline bool injected(char const* call) noexcept {
    if (faults == nullptr) [[likely]]
        return false;
    int const error = faults(call);
    if (error == 0) return false;
    errno = error;
    return true;
}

// A single piece needs no message header and no vector that the kernel would have to copy in.
ssize_t send_pieces(int descriptor, std::span<iovec> pieces) noexcept {
    if (pieces.size() == 1) {
        return ::send(descriptor, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

io_status status_of_errno() noexcept {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return io_status::would_block;
    return errno == EPIPE ? io_status::closed : io_status::reset;
}

// Drops `taken` bytes from the front of the pieces.
void advance(std::span<iovec> pieces, std::size_t taken) noexcept {
    for (iovec& each : pieces) {
        std::size_t const part = taken < each.iov_len ? taken : each.iov_len;
        each.iov_base = static_cast<char*>(each.iov_base) + part;
        each.iov_len -= part;
        taken -= part;
        if (taken == 0) return;
    }
}

}  // namespace

std::size_t total(std::span<iovec const> pieces) noexcept {
    std::size_t sum = 0;
    for (iovec const& each : pieces) sum += each.iov_len;
    return sum;
}

void inject_faults(fault_hook hook) noexcept { faults = hook; }

io_result stream::try_read(std::span<char> into) noexcept {
    if (read_abort() != cause::none) return {io_status::aborted, 0};
    if (!may_read()) return {io_status::would_block, 0};
    ssize_t got = 0;
    do {
        got = injected("recv") ? -1 : ::recv(descriptor(), into.data(), into.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        auto const bytes = static_cast<std::size_t>(got);
        bytes_read_ += bytes;
        // A short read emptied the socket: the next bytes come with an edge of their own.
        if (bytes < into.size()) read_exhausted();
        return {io_status::ok, bytes};
    }
    if (got == 0) return {io_status::closed, 0};
    io_status const failed = status_of_errno();
    if (failed == io_status::would_block) read_exhausted();
    return {failed, 0};
}

io_result stream::try_write(std::span<iovec> pieces) noexcept {
    if (write_abort() != cause::none) return {io_status::aborted, 0};
    if (!may_write()) return {io_status::would_block, 0};
    ssize_t sent = 0;
    do {
        sent = injected("send") ? -1 : send_pieces(descriptor(), pieces);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        auto const bytes = static_cast<std::size_t>(sent);
        bytes_written_ += bytes;
        if (bytes < total(pieces)) write_exhausted();
        advance(pieces, bytes);
        return {io_status::ok, bytes};
    }
    io_status const failed = status_of_errno();
    if (failed == io_status::would_block) write_exhausted();
    return {failed, 0};
}

io_result stream::splice_in(int pipe_end, std::size_t bytes) noexcept {
    if (read_abort() != cause::none) return {io_status::aborted, 0};
    if (!may_read()) return {io_status::would_block, 0};
    ssize_t moved = 0;
    do {
        moved = injected("splice") ? -1
                                   : ::splice(
                                         descriptor(), nullptr, pipe_end, nullptr, bytes,
                                         SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (moved < 0 && errno == EINTR);
    if (moved > 0) {
        bytes_read_ += static_cast<std::size_t>(moved);
        return {io_status::ok, static_cast<std::size_t>(moved)};
    }
    if (moved == 0) return {io_status::closed, 0};
    io_status const failed = status_of_errno();
    if (failed == io_status::would_block) read_exhausted();
    return {failed, 0};
}

io_result stream::splice_out(int pipe_end, std::size_t bytes) noexcept {
    if (write_abort() != cause::none) return {io_status::aborted, 0};
    if (!may_write()) return {io_status::would_block, 0};
    constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    ssize_t moved = 0;
    do {
        moved = injected("splice")
                    ? -1
                    : ::splice(pipe_end, nullptr, descriptor(), nullptr, bytes, flags);
    } while (moved < 0 && errno == EINTR);
    if (moved > 0) {
        bytes_written_ += static_cast<std::size_t>(moved);
        return {io_status::ok, static_cast<std::size_t>(moved)};
    }
    if (moved == 0) return {io_status::would_block, 0};
    io_status const failed = status_of_errno();
    if (failed == io_status::would_block) write_exhausted();
    return {failed, 0};
}

bool stream::has_unread() const noexcept {
    char unread = 0;
    return may_read() && ::recv(descriptor(), &unread, 1, MSG_PEEK) > 0;
}

bool stream::is_quiet() noexcept {
    if (!may_read()) return true;
    char unread = 0;
    ssize_t const got = ::recv(descriptor(), &unread, 1, MSG_PEEK);
    if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return false;
    read_exhausted();
    return !may_read();
}

void stream::shutdown_write() noexcept { ::shutdown(descriptor(), SHUT_WR); }

void stream::reset_on_close() noexcept {
    linger const at_once{1, 0};
    ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::uint64_t stream::bytes_acked() const noexcept {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(descriptor(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
    return info.tcpi_bytes_acked;
}

io_status write_all_now(stream& to, std::span<iovec> pieces) noexcept {
    io_result const result = to.try_write(pieces);
    if (result.status != io_status::ok) return result.status;
    return total(pieces) == 0 ? io_status::ok : io_status::would_block;
}

}  // namespace gateway::net

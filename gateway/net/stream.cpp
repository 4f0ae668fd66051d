// SPDX-License-Identifier: Apache-2.0
#include "net/stream.hpp"

#include "base/check.hpp"
#include "net/socket_calls.hpp"

#include <fcntl.h>
#include <netinet/in.h>
// After netinet/in.h: the kernel's tcp_info has tcpi_bytes_acked, glibc's has not.
#include <linux/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace gateway::net {
namespace {

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

io_status stream::failure() noexcept {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return io_status::would_block;
    if (errno == EPIPE) return io_status::closed;
    reset_told_ = true;
    return io_status::reset;
}

fault_hook faults = nullptr;

void inject_faults(fault_hook hook) noexcept { faults = hook; }

io_result stream::try_read(std::span<char> into) noexcept {
    if (read_abort() != cause::none) return {io_status::aborted, 0};
    if (!may_read()) return {io_status::would_block, 0};
    if (tls_ != nullptr) [[unlikely]]
        return read_tls(into);
    ssize_t const got = receive_bytes(descriptor(), into);
    if (got > 0) {
        auto const bytes = static_cast<std::size_t>(got);
        bytes_read_ += bytes;
        // A short read emptied the socket: the next bytes come with an edge of their own.
        if (bytes < into.size()) read_exhausted();
        return {io_status::ok, bytes};
    }
    if (got == 0) return {end_of_bytes(), 0};
    io_status const failed = failure();
    if (failed == io_status::would_block) read_exhausted();
    return {failed, 0};
}

io_result stream::try_write(std::span<iovec> pieces) noexcept {
    if (write_abort() != cause::none) return {io_status::aborted, 0};
    if (!may_write()) return {io_status::would_block, 0};
    if (tls_ != nullptr) [[unlikely]]
        return write_tls(pieces);
    ssize_t const sent = send_bytes(descriptor(), pieces);
    if (sent >= 0) {
        auto const bytes = static_cast<std::size_t>(sent);
        bytes_written_ += bytes;
        if (bytes < total(pieces)) write_exhausted();
        advance(pieces, bytes);
        return {io_status::ok, bytes};
    }
    io_status const failed = failure();
    if (failed == io_status::would_block) write_exhausted();
    return {failed, 0};
}

io_result stream::splice_in(int pipe_end, std::size_t bytes) noexcept {
    GATEWAY_DCHECK(tls_ == nullptr);
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
    if (moved == 0) return {end_of_bytes(), 0};
    io_status const failed = failure();
    if (failed == io_status::would_block) read_exhausted();
    return {failed, 0};
}

io_result stream::splice_out(int pipe_end, std::size_t bytes) noexcept {
    GATEWAY_DCHECK(tls_ == nullptr);
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
    io_status const failed = failure();
    if (failed == io_status::would_block) write_exhausted();
    return {failed, 0};
}

bool stream::has_unread() noexcept {
    if (!may_read()) return false;
    if (tls_ != nullptr) {
        // What follows a handshake is session tickets as a rule.
        auto const news = tls_->peek().what;
        if (news == tls_engine::step::wants_read) read_exhausted();
        return news == tls_engine::step::ok;
    }
    return has_arrived();
}

bool stream::has_arrived() noexcept {
    char unread = 0;
    ssize_t const got = ::recv(descriptor(), &unread, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0) failure();
    return got > 0;
}

bool stream::is_quiet() noexcept {
    if (!may_read()) return true;
    if (tls_ != nullptr) return is_quiet_tls();
    char unread = 0;
    ssize_t const got = ::recv(descriptor(), &unread, 1, MSG_PEEK);
    if (got >= 0 || failure() != io_status::would_block) return false;
    read_exhausted();
    return !may_read();
}

handshake_step stream::try_handshake() noexcept {
    if (tls_ == nullptr) return handshake_step::failed;
    switch (tls_->handshake().what) {
        case tls_engine::step::ok: return handshake_step::done;
        case tls_engine::step::wants_read: read_exhausted(); return handshake_step::wants_read;
        case tls_engine::step::wants_write: write_exhausted(); return handshake_step::wants_write;
        default: return handshake_step::failed;
    }
}

io_result stream::read_tls(std::span<char> into) noexcept {
    tls_engine::outcome const got = tls_->read(into);
    if (got.what == tls_engine::step::wants_write) {
        read_awaits_write();
        return {io_status::would_block, 0};
    }
    if (got.what == tls_engine::step::wants_read) {
        read_exhausted();
        return {io_status::would_block, 0};
    }
    end_crossing();
    if (got.what != tls_engine::step::ok) return {settle(got.what), 0};
    bytes_read_ += got.bytes;
    if (tls_->is_drained()) read_exhausted();
    return {io_status::ok, got.bytes};
}

io_result stream::write_tls(std::span<iovec> pieces) noexcept {
    tls_engine::outcome const sent = tls_->write(pieces);
    if (sent.what == tls_engine::step::wants_read) {
        write_awaits_read();
        return {io_status::would_block, 0};
    }
    if (sent.what == tls_engine::step::wants_write) {
        write_exhausted();
        return {io_status::would_block, 0};
    }
    end_crossing();
    // To a writer every end is the same: the bytes are not taken.
    if (sent.what == tls_engine::step::cut) return {io_status::closed, 0};
    if (sent.what != tls_engine::step::ok) return {settle(sent.what), 0};
    bytes_written_ += sent.bytes;
    advance(pieces, sent.bytes);
    return {io_status::ok, sent.bytes};
}

io_status stream::settle(tls_engine::step step) noexcept {
    switch (step) {
        case tls_engine::step::closed: return io_status::closed;
        case tls_engine::step::cut: return reset_told_ ? io_status::reset : io_status::cut;
        default: reset_told_ = true; return io_status::reset;
    }
}

bool stream::is_quiet_tls() noexcept {
    if (tls_->peek().what != tls_engine::step::wants_read) return false;
    read_exhausted();
    return !may_read();
}

void stream::end_tls() noexcept {
    tls_->send_close_notify();
    tls_.reset();
}

void stream::shutdown_write() noexcept {
    if (tls_ != nullptr) tls_->send_close_notify();
    ::shutdown(descriptor(), SHUT_WR);
}

void stream::reset_on_close() noexcept {
    if (tls_ != nullptr) tls_->abandon();
    linger const at_once{1, 0};
    ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::optional<std::uint64_t> stream::bytes_acked() const noexcept {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(descriptor(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    return info.tcpi_bytes_acked;
}

bool stream::is_acknowledged_beyond(std::uint64_t mark) const noexcept {
    std::optional<std::uint64_t> const acked = bytes_acked();
    return !acked || *acked > mark + acked_at_connect_;
}

io_status write_all_now(stream& to, std::span<iovec> pieces) noexcept {
    io_result const result = to.try_write(pieces);
    if (result.status != io_status::ok) return result.status;
    return total(pieces) == 0 ? io_status::ok : io_status::would_block;
}

}  // namespace gateway::net

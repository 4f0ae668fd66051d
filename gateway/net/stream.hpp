// SPDX-License-Identifier: Apache-2.0
// One TCP connection as bytes in and out. Every call returns at once; a coroutine that must wait
// awaits `readable()` or `writable()` and calls again. So one message costs one recv and one send.
// Under TLS the shape is the same: bytes are those inside, and readiness covers what is decrypted
// already and what a handshake message in between waits for.
#pragma once

#include "base/error.hpp"
#include "net/tls_engine.hpp"
#include "runtime/reactor.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace gateway::net {

enum class io_status : std::uint8_t {
    ok,           // `bytes` moved, at least one
    would_block,  // nothing moved; wait and call again
    closed,       // the peer ended its side in order (read) or no longer takes bytes (write)
    cut,          // it ended without TLS's own end: what came may not be all
    reset,        // the connection broke; tls_failure() may know why
    aborted,      // our own deadline or decision; see read_abort() / write_abort()
};

enum class handshake_step : std::uint8_t { done, wants_read, wants_write, failed };

struct io_result {
    io_status status = io_status::ok;
    std::size_t bytes = 0;
};

// Failure injection for tests: called before each system call with its name; a non-zero result is
// used as errno instead of making the call. Null in production.
using fault_hook = int (*)(char const* call) noexcept;
void inject_faults(fault_hook hook) noexcept;

class stream : public runtime::watched {
public:
    stream() = default;
    ~stream() { close(); }

    // Reads into `into` (not empty). `closed` when the peer has finished sending.
    io_result try_read(std::span<char> into) noexcept;

    // Writes as much of the pieces as the kernel takes, in one call, and advances them. `ok` even
    // when not all was taken: the caller looks at what is left.
    io_result try_write(std::span<iovec> pieces) noexcept;

    // Moves up to `bytes` between a pipe and the socket (splice(2)); `pipe_end` is the pipe's
    // write end for splice_in, its read end for splice_out. Never on an encrypted stream.
    io_result splice_in(int pipe_end, std::size_t bytes) noexcept;
    io_result splice_out(int pipe_end, std::size_t bytes) noexcept;

    // Bytes came already that nobody has read; as far as the events so far tell.
    bool has_unread() noexcept;

    // A plain byte waits in the kernel, whether or not an event has told of it.
    bool has_arrived() noexcept;

    // Nothing can be read now: no byte, no end. Asks the kernel only when the last read left the
    // question open (it took exactly what it wanted). What TLS says between data is no news.
    bool is_quiet() noexcept;

    // The bytes are TLS's from now on; shake hands until done or failed before anything else.
    // Null (no memory) fails at that.
    void begin_tls(std::unique_ptr<tls_engine> engine) noexcept { tls_ = std::move(engine); }
    handshake_step try_handshake() noexcept;
    bool is_encrypted() const noexcept { return tls_ != nullptr; }
    tls_engine const* tls() const noexcept { return tls_.get(); }
    // Why TLS itself failed, at the handshake or later; none otherwise.
    cause tls_failure() const noexcept { return tls_ ? tls_->failure() : cause::none; }

    // No more bytes will follow from our side (FIN after what was written).
    void shutdown_write() noexcept;
    // The next close sends RST: the peer must not take what it has for a whole message.
    void reset_on_close() noexcept;

    // Marks a place in what we send, as the wire counts it: handshake and framing included.
    std::uint64_t send_mark() const noexcept {
        return tls_ ? tls_->wire_bytes_written() : bytes_written_;
    }
    // Whether the peer's kernel acknowledged a byte behind the mark (TCP_INFO, RFC 4898). True when
    // nobody knows.
    bool is_acknowledged_beyond(std::uint64_t mark) const noexcept;
    // The connection was just made: some kernels count the SYN among the acknowledged bytes.
    void note_connected() noexcept { acked_at_connect_ = bytes_acked().value_or(0); }

    // Bytes moved in this connection's life, both counted where the kernel took or gave them.
    std::uint64_t bytes_read() const noexcept { return bytes_read_; }
    std::uint64_t bytes_written() const noexcept { return bytes_written_; }

    bool open(runtime::reactor& home, int descriptor) noexcept {
        bytes_read_ = bytes_written_ = acked_at_connect_ = 0;
        reset_told_ = false;
        return watched::open(home, descriptor);
    }
    // Says the end of TLS where there is one. Safe to repeat; nobody may be waiting.
    void close() noexcept {
        if (tls_ != nullptr) end_tls();
        watched::close();
    }

private:
    io_result read_tls(std::span<char> into) noexcept;
    io_result write_tls(std::span<iovec> pieces) noexcept;
    bool is_quiet_tls() noexcept;
    void end_tls() noexcept;
    io_status settle(tls_engine::step step) noexcept;
    io_status failure() noexcept;
    io_status end_of_bytes() const noexcept {
        return reset_told_ ? io_status::reset : io_status::closed;
    }
    std::optional<std::uint64_t> bytes_acked() const noexcept;

    std::unique_ptr<tls_engine> tls_;  // null: plain
    std::uint64_t bytes_read_ = 0;
    std::uint64_t bytes_written_ = 0;
    std::uint64_t acked_at_connect_ = 0;
    // The kernel tells a reset to one call only, be it a write: what is read after that ends as if
    // its sender had finished (tcp_reset and sock_error of Linux).
    bool reset_told_ = false;
};

// Writes all pieces if the kernel takes them in one call: ok. would_block: some are left, see
// write_rest in net/timed_wait. The pieces are advanced.
io_status write_all_now(stream& to, std::span<iovec> pieces) noexcept;

// Bytes in all pieces.
std::size_t total(std::span<iovec const> pieces) noexcept;

inline iovec piece(char const* data, std::size_t size) noexcept {
    return {const_cast<char*>(data), size};
}

}  // namespace gateway::net

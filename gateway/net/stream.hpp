// SPDX-License-Identifier: Apache-2.0
// One TCP connection as bytes in and out. Every call returns at once; a coroutine that must wait
// awaits `readable()` or `writable()` and calls again. So one message costs one recv and one send.
#pragma once

#include "base/error.hpp"
#include "runtime/reactor.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace gateway::net {

enum class io_status : std::uint8_t {
    ok,           // `bytes` moved, at least one
    would_block,  // nothing moved; wait and call again
    closed,       // the peer ended its side in order (read) or no longer takes bytes (write)
    reset,        // the connection broke
    aborted,      // our own deadline or decision; see read_abort() / write_abort()
};

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
    // Reads into `into` (not empty). `closed` when the peer has finished sending.
    io_result try_read(std::span<char> into) noexcept;

    // Writes as much of the pieces as the kernel takes, in one call, and advances them. `ok` even
    // when not all was taken: the caller looks at what is left.
    io_result try_write(std::span<iovec> pieces) noexcept;

    // Moves up to `bytes` between a pipe and the socket (splice(2)); `pipe_end` is the pipe's
    // write end for splice_in, its read end for splice_out.
    io_result splice_in(int pipe_end, std::size_t bytes) noexcept;
    io_result splice_out(int pipe_end, std::size_t bytes) noexcept;

    // Bytes came already that nobody has read; as far as the events so far tell.
    bool has_unread() const noexcept;

    // Nothing can be read now: no byte, no end. Asks the kernel only when the last read left the
    // question open (it took exactly what it wanted).
    bool is_quiet() noexcept;

    // No more bytes will follow from our side (FIN after what was written).
    void shutdown_write() noexcept;
    // The next close sends RST: the peer must not take what it has for a whole message.
    void reset_on_close() noexcept;

    // TCP_INFO's count of our bytes that the peer's kernel acknowledged (RFC 4898); 0 if unknown.
    std::uint64_t bytes_acked() const noexcept;

    // Bytes moved in this connection's life, both counted where the kernel took or gave them.
    std::uint64_t bytes_read() const noexcept { return bytes_read_; }
    std::uint64_t bytes_written() const noexcept { return bytes_written_; }

    bool open(runtime::reactor& home, int descriptor) noexcept {
        bytes_read_ = bytes_written_ = 0;
        return watched::open(home, descriptor);
    }

private:
    std::uint64_t bytes_read_ = 0;
    std::uint64_t bytes_written_ = 0;
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

// SPDX-License-Identifier: Apache-2.0
// TLS over one connected socket: the part of a stream that an encrypted connection adds. Every call
// returns at once and says what it waits for; the stream turns that into readiness. It knows no
// role: what makes it a client or a server is the context its state comes from (net/tls_client).
//
// OpenSSL reads and writes the socket through a BIO of our own, so that a test can fail each call,
// no SIGPIPE is possible, and we know whether the socket was emptied and how much went out.
#pragma once

#include "base/error.hpp"

#include <openssl/types.h>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace gateway::net {

struct tls_memory;

class tls_engine {
public:
    enum class step : std::uint8_t {
        ok,
        wants_read,   // nothing moved until the socket is readable
        wants_write,  // nothing moved until the socket is writable
        closed,       // the peer said that nothing follows (close_notify), or takes no bytes
        cut,          // the connection ended without that word: something may be missing
        failed,       // see failure() and detail(); a broken connection has no failure()
    };
    struct outcome {
        step what;
        std::size_t bytes = 0;
    };

    // Takes over `state` and borrows the descriptor. `memory`, which may be null, gets the sessions
    // that the peer issues and outlives the engine.
    tls_engine(SSL* state, int descriptor, tls_memory* memory) noexcept;
    ~tls_engine();
    tls_engine(tls_engine const&) = delete;
    tls_engine& operator=(tls_engine const&) = delete;

    outcome handshake() noexcept;
    // `ok`: at least one byte.
    outcome read(std::span<char> into) noexcept;
    // As a read of one byte that stays where it is. What is no data (session tickets) is consumed.
    outcome peek() noexcept;
    // At most one record of 16 KiB. After wants_read or wants_write the same pieces come again:
    // part of them may be out already.
    outcome write(std::span<iovec const> pieces) noexcept;

    // "Nothing follows" (RFC 8446 6.1), as far as the kernel takes it at once.
    void send_close_notify() noexcept;
    // The peer must not take what it has for whole: no close_notify from now on.
    void abandon() noexcept { goodbye_due_ = false; }

    // The last read emptied the socket and nothing is left in here: no news without a new event.
    bool is_drained() const noexcept;
    // What the kernel took, handshake and framing included.
    std::uint64_t wire_bytes_written() const noexcept { return wire_.written; }
    bool is_resumed() const noexcept;

    // Why TLS itself failed; none while it did not.
    cause failure() const noexcept { return failure_; }
    // The same for people, in OpenSSL's words. May be empty.
    std::string const& detail() const noexcept { return detail_; }

    // What the callbacks of a context need.
    static tls_engine* of(SSL const* state) noexcept;
    void certificate_rejected(X509_STORE_CTX* checked) noexcept;
    void certificate_wanted() noexcept { certificate_wanted_ = true; }
    tls_memory* memory() const noexcept { return memory_; }

    // What the BIO sees of the socket.
    struct wire {
        int descriptor;
        bool drained = false;  // the last receive got less than it asked for
        bool ended = false;    // FIN
        int error = 0;
        std::uint64_t written = 0;
    };

private:
    void begin_call() noexcept;
    outcome unfinished(int result) noexcept;
    void explain() noexcept;

    SSL* state_;
    wire wire_;
    tls_memory* memory_;
    bool connected_ = false;
    bool goodbye_due_ = true;  // close_notify may still be said
    bool certificate_wanted_ = false;
    cause failure_ = cause::none;
    std::string detail_;
};

}  // namespace gateway::net

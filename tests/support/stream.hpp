// SPDX-License-Identifier: Apache-2.0
// A TCP connection over loopback with plain POSIX calls: every wait has a deadline, and each way a
// peer can end the connection is told apart. An origin's may speak TLS.
#pragma once

#include "support/patience.hpp"
#include "support/tls_server.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::support {

struct timed_out : std::runtime_error {
    using runtime_error::runtime_error;
};
// The peer reset the connection, or took no more of what was written.
struct connection_lost : std::runtime_error {
    using runtime_error::runtime_error;
};
struct connect_refused : std::runtime_error {
    using runtime_error::runtime_error;
};
// The owner of the stream is being destroyed; see stream's second constructor.
struct stopped : std::runtime_error {
    using runtime_error::runtime_error;
};

// Owns one file descriptor.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() { close(); }

    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    void close();

private:
    int number_ = -1;
};

class stream {
public:
    static stream connect(std::uint16_t port, std::string const& address = "127.0.0.1");

    stream(stream&&) = default;
    stream& operator=(stream&&) = default;
    ~stream() { close(); }

    // Every wait ends with `stopped` once `stop` becomes readable; -1 for a stream nobody stops.
    explicit stream(descriptor socket, int stop = -1);

    // At least one byte, or 0 when the peer has sent its last.
    std::size_t read_some(char* into, std::size_t size, milliseconds wait = patience());
    void write(std::string_view bytes, milliseconds wait = patience());
    // What the kernel takes at once; 0 when its buffer is full.
    std::size_t write_some(std::string_view bytes);

    // The server's side of a handshake; throws connection_lost when the client does not agree.
    // `as` outlives the stream.
    void accept_tls(tls_server const& as);
    tls_layer& tls() { return *tls_; }

    // FIN: "I have said everything", and close_notify before it under TLS.
    void half_close();
    void close();
    void close_without_notify();  // as a TLS peer must not: was that all?
    void reset();                 // RST: what is unread or unsent is gone

    void receive_buffer(int bytes);
    std::uint16_t local_port() const;
    int number() const { return socket_.number(); }

private:
    // Throws timed_out naming `what` when the socket is not ready before `until`.
    void await(short events, steady::time_point until, char const* what) const;

    std::size_t read_tls(char* into, std::size_t size, steady::time_point until);
    void await_tls(tls_layer::wait what, steady::time_point until) const;

    descriptor socket_;
    std::unique_ptr<tls_layer> tls_;  // null: plain
    int stop_ = -1;
};

// A listening socket on a loopback port, by default one that the kernel chooses.
class listening_socket {
public:
    // Connections beyond `backlog` + 1 stay unanswered while nobody accepts.
    explicit listening_socket(int backlog = 512);
    // On another loopback address; 0 lets the kernel choose the port.
    listening_socket(std::string const& address, std::uint16_t port, int backlog = 512);
    std::uint16_t port() const { return port_; }
    // Throws `stopped` once `stop` becomes readable.
    stream accept(int stop);
    void close() { socket_.close(); }
    int number() const { return socket_.number(); }

private:
    descriptor socket_;
    std::uint16_t port_ = 0;
};

}  // namespace gateway::support

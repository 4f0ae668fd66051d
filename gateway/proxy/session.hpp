// SPDX-License-Identifier: Apache-2.0
// One downstream connection: waits for requests without holding a buffer, runs one exchange after
// another, and closes so that the client sees all that was sent to it.
#pragma once

#include "http/forwarded.hpp"
#include "net/stream.hpp"
#include "runtime/block_pool.hpp"
#include "runtime/task.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace gateway::proxy {

class exchange;
class shard;
struct parked_head;

// Bytes of the client that were read and not used yet. Holds a block only while there are any.
class input_buffer {
public:
    std::string_view view() const noexcept { return {block_.data() + begin_, end_ - begin_}; }
    bool empty() const noexcept { return begin_ == end_; }
    void consume(std::size_t bytes) noexcept { begin_ += static_cast<std::uint32_t>(bytes); }

    // Room behind the bytes; grows or moves them to the block's begin when there is none, up to
    // `bytes_max` in all. Empty when that is reached. Moving invalidates views of the bytes.
    std::span<char> room(runtime::block_pool& blocks, std::size_t bytes_max);
    void filled(std::size_t bytes) noexcept { end_ += static_cast<std::uint32_t>(bytes); }

    // Replaces everything by a copy of `bytes`, which may lie in this very buffer.
    void assign(runtime::block_pool& blocks, std::string_view bytes);
    void release() noexcept;

private:
    runtime::block block_;
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

// Who connected, and where.
struct session_peer {
    http::address16 address;
    std::uint16_t local_port;
    bool trusted;  // a proxy whose clients do not count as one; as it was when it connected
    bool readiness_only = false;  // beyond the limit of connections: see shard::serve
};

class session {
public:
    session(shard& home, session_peer const& from) noexcept;
    ~session();
    session(session const&) = delete;
    session& operator=(session const&) = delete;

    // Serves the connection until its end. Owns the descriptor.
    runtime::task<void> run(int descriptor);

    // Ends the wait for a next request; an exchange that runs is left alone.
    void drain() noexcept;

    // Ends whatever runs: both connections are aborted.
    void cut() noexcept;

    net::stream client;
    input_buffer input;
    shard& home;
    http::address16 const peer;
    bool const trusted;
    std::uint16_t const local_port;
    bool const readiness_only;
    net::stream* upstream = nullptr;      // the connection that the present exchange works on
    std::unique_ptr<parked_head> parked;  // of a request whose head is not complete
    bool last_request = false;            // the present exchange closes the connection
    exchange const* present = nullptr;    // null between two

private:
    friend class shard;
    friend class inflight_look;

    runtime::task<void> linger();
    runtime::task<void> await_second();
    void count_request() noexcept;
    bool is_over_rate() const noexcept;

    std::uint32_t in_a_row_ = 0;  // requests begun since the client waited for an answer
    std::uint32_t second_ = 0;
    std::uint32_t in_second_ = 0;  // requests begun in it
    bool idle_ = false;
    session* previous_ = nullptr;
    session* next_ = nullptr;
};

}  // namespace gateway::proxy

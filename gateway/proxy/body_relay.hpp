// SPDX-License-Identifier: Apache-2.0
// Moves a message body from one connection to another through bounded memory, at the pace of the
// slower one. What arrives is passed on at once: no piece waits for another. The framing of the
// source is decoded and that of the sink written anew, so that neither side's tricks travel.
#pragma once

#include "base/error.hpp"
#include "http/chunked.hpp"
#include "http/event_stream.hpp"
#include "http/framing.hpp"
#include "net/pipe_pool.hpp"
#include "net/stream.hpp"
#include "net/timed_wait.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/rate_watch.hpp"
#include "proxy/replay_buffer.hpp"
#include "runtime/block_pool.hpp"
#include "runtime/task.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace gateway::proxy {

enum class relay_end : std::uint8_t {
    complete,
    source_closed,  // it ended before the body did
    source_reset,
    source_aborted,  // see its read_abort(): a deadline, or the other side's decision
    source_malformed,
    too_large,
    sink_closed,
    sink_aborted,  // see its write_abort()
};

// For a body of server-sent events: a comment whenever the source has been quiet for so long.
struct event_heartbeat {
    runtime::deadline_list& every;
    observe::traffic_counters& counters;
    http::event_stream events{};
};

// Where the body comes from. All borrowed until the relay ends.
struct relay_source {
    net::stream& from;
    std::string_view ready;  // what was read behind the head; stays where it is
    http::body_framing framing;
    runtime::deadline_list& pace;
    cause late;
    byte_count payload_max = 0;        // 0: no limit; checked for chunked bodies as they come
    rate_watch* watch = nullptr;       // for its least pace; null: any
    bool const& hold;                  // while true nothing is read: memory is short
    event_heartbeat* heart = nullptr;  // null: no comments; never with a known length
    replay_buffer* kept = nullptr;     // gets a copy of what is read beyond `ready`
};

struct relay_sink {
    net::stream& to;
    bool chunked;  // write chunked framing; otherwise bytes as they are
    // What the route says of fields: trailer fields that may travel, and are not edited away, do.
    settings::header_edits const& edits;
    net::write_pace pace;
};

class body_relay {
public:
    // `splice_min`: lengths from here on move by splice(2); 0 never.
    body_relay(
        runtime::core& home,
        net::pipe_pool& pipes,
        byte_count splice_min,
        relay_source source,
        relay_sink sink) noexcept;

    // `lead` (a head) goes out before the body, with its first bytes in one write; not when these
    // are malformed or too many.
    runtime::task<relay_end> run(std::string_view lead);
    bool wrote_any() const noexcept { return wrote_any_; }

    // After `run`: every byte of the body was read from the source.
    bool source_finished() const noexcept { return finished_; }
    // Bytes read behind the body's end; they live in `ready` or in the relay's own block.
    std::string_view left_over() const noexcept { return pending_; }
    // More was read from the source than `ready`.
    bool read_beyond_ready() const noexcept { return beyond_ready_; }

private:
    static constexpr std::size_t pieces_max = 16;
    // A relay that never has to wait yields to the others after this many moves.
    static constexpr unsigned moves_per_turn = 16;

    // One batch of output: lead, chunk size, payload pieces, line ends, trailers.
    struct batch {
        std::array<iovec, pieces_max + 4> pieces;
        std::size_t count = 0;
        void add(std::string_view text) noexcept;
        std::span<iovec> all() noexcept { return {pieces.data(), count}; }
    };

    relay_end gather(batch& out);
    relay_end gather_plain(batch& out) noexcept;
    relay_end gather_chunked(batch& out);
    void frame(batch& out, std::size_t payload_bytes, std::size_t first_piece) noexcept;
    runtime::task<relay_end> read_more();
    runtime::task<relay_end> await_source();
    runtime::task<relay_end> await_events();
    runtime::task<void> await_memory();
    runtime::task<relay_end> splice_rest();
    runtime::task<relay_end> write(std::span<iovec> pieces);
    bool may_splice() const noexcept;
    std::string_view allowed_trailers();

    runtime::core& home_;
    net::pipe_pool& pipes_;
    byte_count splice_min_;
    relay_source source_;
    relay_sink sink_;
    watched_body watched_;
    http::chunk_decoder decoder_;
    runtime::block block_;      // what is read after `ready`
    std::string_view pending_;  // read and not passed on yet
    std::uint64_t left_ = 0;    // of a known length
    bool finished_ = false;
    bool beyond_ready_ = false;
    bool wrote_any_ = false;
    bool block_filled_ = false;  // the last read used all of the block: a larger one pays
    unsigned moves_ = 0;
    std::array<char, 20> size_line_{};
    std::string trailer_text_;
};

}  // namespace gateway::proxy

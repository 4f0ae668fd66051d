// SPDX-License-Identifier: Apache-2.0
#include "proxy/body_relay.hpp"

#include "proxy/header_filters.hpp"

#include <algorithm>
#include <charconv>

namespace gateway::proxy {
namespace {

relay_end source_end(net::io_status status) {
    switch (status) {
        case net::io_status::closed:
        case net::io_status::cut: return relay_end::source_closed;
        case net::io_status::aborted: return relay_end::source_aborted;
        default: return relay_end::source_reset;
    }
}

relay_end sink_end(net::io_status status) {
    return status == net::io_status::aborted ? relay_end::sink_aborted : relay_end::sink_closed;
}

}  // namespace

body_relay::body_relay(
    runtime::core& home,
    net::pipe_pool& pipes,
    byte_count splice_min,
    relay_source source,
    relay_sink sink) noexcept
    : home_(home),
      pipes_(pipes),
      // What TLS carries passes through our memory anyway.
      splice_min_(source.from.is_encrypted() || sink.to.is_encrypted() ? 0 : splice_min),
      source_(source),
      sink_(sink),
      watched_(source.watch, source.from),
      pending_(source.ready),
      left_(source.framing.length) {
    using enum http::body_kind;
    finished_ = source.framing.kind == none || (source.framing.kind == length && left_ == 0);
}

void body_relay::batch::add(std::string_view text) noexcept {
    if (!text.empty()) pieces[count++] = net::piece(text.data(), text.size());
}

runtime::task<relay_end> body_relay::run(std::string_view lead) {
    for (;;) {
        batch out;
        out.add(lead);
        lead = {};
        // Nothing of a message that is broken from the start goes out, not even its head.
        if (relay_end const failed = gather(out); failed != relay_end::complete) co_return failed;
        if (out.count > 0) {
            wrote_any_ = true;
            // A write that the kernel takes whole needs no coroutine.
            net::io_status status = net::write_all_now(sink_.to, out.all());
            if (status == net::io_status::would_block) {
                relay_end const slow = co_await write(out.all());
                if (slow != relay_end::complete) co_return slow;
            } else if (status != net::io_status::ok) {
                co_return sink_end(status);
            }
        }
        if (finished_) co_return relay_end::complete;
        if (!pending_.empty()) continue;
        // Not with "?:": g++ 12 mistreats a co_await inside a conditional expression.
        relay_end end = relay_end::complete;
        if (may_splice()) {
            end = co_await splice_rest();
        } else {
            end = co_await read_more();
        }
        if (end != relay_end::complete) co_return end;
        if (finished_ && !sink_.chunked) co_return relay_end::complete;
    }
}

relay_end body_relay::gather(batch& out) {
    if (source_.framing.kind == http::body_kind::chunked) return gather_chunked(out);
    return gather_plain(out);
}

relay_end body_relay::gather_plain(batch& out) noexcept {
    std::size_t const first = out.count;
    std::string_view payload = finished_ ? std::string_view{} : pending_;
    if (source_.framing.kind == http::body_kind::length) {
        payload = payload.substr(0, std::min<std::uint64_t>(payload.size(), left_));
        left_ -= payload.size();
        if (left_ == 0) finished_ = true;
    }
    pending_.remove_prefix(payload.size());
    if (source_.heart != nullptr) payload = source_.heart->events.pass(payload);
    if (!payload.empty() || (finished_ && sink_.chunked)) {
        if (sink_.chunked) out.count++;  // room for the size line
        out.add(payload);
        frame(out, payload.size(), first);
    }
    return relay_end::complete;
}

relay_end body_relay::gather_chunked(batch& out) {
    std::size_t const first = out.count;
    std::size_t payload_bytes = 0;
    relay_end end = relay_end::complete;
    if (sink_.chunked) out.count++;
    while (!finished_ && out.count < pieces_max) {
        http::chunk_step const step = decoder_.next(pending_);
        pending_.remove_prefix(step.consumed);
        if (step.event == http::chunk_event::payload) {
            if (source_.payload_max != 0 && decoder_.payload_bytes() > source_.payload_max) {
                end = relay_end::too_large;
                break;
            }
            std::string_view payload = step.payload;
            if (source_.heart != nullptr) payload = source_.heart->events.pass(payload);
            out.add(payload);
            payload_bytes += payload.size();
            continue;
        }
        if (step.event == http::chunk_event::refused) end = relay_end::source_malformed;
        if (step.event == http::chunk_event::finished) finished_ = true;
        break;
    }
    if (end != relay_end::complete || (payload_bytes == 0 && !finished_)) {
        // An unfinished message must not look finished: nothing of this batch but the lead.
        out.count = first;
        return end;
    }
    frame(out, payload_bytes, first);
    return end;
}

// Puts the chunk's size before the pieces from `first` on and its end behind them
// (RFC 9112 7.1). The final chunk follows at once when the body is finished.
void body_relay::frame(batch& out, std::size_t payload_bytes, std::size_t first) noexcept {
    if (!sink_.chunked) return;
    std::size_t size = 0;
    if (payload_bytes > 0) {
        auto const [end, error] =
            std::to_chars(size_line_.data(), size_line_.data() + 16, payload_bytes, 16);
        size = static_cast<std::size_t>(end - size_line_.data());
        size_line_[size++] = '\r';
        size_line_[size++] = '\n';
    }
    out.pieces[first] = net::piece(size_line_.data(), size);
    if (!finished_) {
        out.add("\r\n");
        return;
    }
    out.add(payload_bytes > 0 ? std::string_view{"\r\n0\r\n"} : std::string_view{"0\r\n"});
    out.add(allowed_trailers());
    out.add("\r\n");
}

std::string_view body_relay::allowed_trailers() {
    if (source_.framing.kind != http::body_kind::chunked) return {};
    std::string_view lines = decoder_.trailer_lines();
    std::string_view name;
    std::string_view value;
    while (http::next_field_line(lines, name, value)) {
        if (!http::may_trail(name) || is_edited_away(sink_.edits, name)) continue;
        trailer_text_.append(name).append(": ").append(value).append("\r\n");
    }
    return trailer_text_;
}

runtime::task<relay_end> body_relay::write(std::span<iovec> pieces) {
    net::io_status const status = co_await net::write_rest(sink_.to, pieces, sink_.pace);
    co_return status == net::io_status::ok ? relay_end::complete : sink_end(status);
}

runtime::task<relay_end> body_relay::read_more() {
    if (++moves_ % moves_per_turn == 0) co_await home_.reactor().next_turn();
    if (source_.hold) co_await await_memory();
    for (;;) {
        if (source_.from.may_read() || source_.from.read_abort() != cause::none) {
            std::size_t wanted =
                block_filled_ ? runtime::block_pool::large_bytes : runtime::block_pool::small_bytes;
            if (block_.size() < wanted) block_ = home_.blocks().lend(wanted);
            wanted = block_.size();
            // Bytes behind a known length belong to the next message: they stay in the kernel.
            if (source_.framing.kind == http::body_kind::length) {
                wanted = std::min<std::uint64_t>(wanted, left_);
            }
            net::io_result const got = source_.from.try_read({block_.data(), wanted});
            if (got.status == net::io_status::ok) {
                beyond_ready_ = true;
                pending_ = {block_.data(), got.bytes};
                if (source_.kept != nullptr && source_.kept->whole()) source_.kept->keep(pending_);
                block_filled_ = got.bytes == block_.size();
                co_return relay_end::complete;
            }
            if (got.status == net::io_status::closed &&
                source_.framing.kind == http::body_kind::until_close) {
                finished_ = true;  // RFC 9112 6.3 rule 8
                co_return relay_end::complete;
            }
            if (got.status != net::io_status::would_block) co_return source_end(got.status);
        }
        relay_end const end = co_await await_source();
        if (end != relay_end::complete) co_return end;
    }
}

runtime::task<relay_end> body_relay::await_source() {
    relay_end end = relay_end::complete;
    watched_.waits(true);
    if (source_.heart != nullptr) {
        end = co_await await_events();
    } else {
        co_await net::readable_within{source_.from, home_, source_.pace, source_.late};
    }
    watched_.waits(false);
    co_return end;
}

// How long the source may be quiet counts on while comments go out in its place.
runtime::task<relay_end> body_relay::await_events() {
    constexpr auto read = runtime::deadline::side::read;
    net::stream& from = source_.from;
    event_heartbeat& heart = *source_.heart;
    runtime::deadline late;
    late.start(source_.pace, home_.now(), from, read, source_.late);
    while (!from.may_read() && from.read_abort() == cause::none) {
        bool const beats = heart.events.at_boundary();
        runtime::deadline beat;
        if (beats) beat.start(heart.every, home_.now(), from, read, cause::none);
        co_await from.readable();
        if (from.may_read() || from.read_abort() != cause::none) break;
        if (!beats || beat.running()) continue;
        std::string_view const comment =
            sink_.chunked ? std::string_view{"3\r\n:\n\n\r\n"} : http::event_stream::heartbeat;
        std::array<iovec, 1> pieces{net::piece(comment.data(), comment.size())};
        relay_end const end = co_await write(pieces);
        if (end != relay_end::complete) co_return end;
        heart.events.heartbeat_sent();
        heart.counters.heartbeat_sent(observe::heartbeat::event_stream);
    }
    co_return relay_end::complete;
}

// The bytes wait in the kernel, whose window stops their sender. A pause as long as the longest
// wait for the source ends the exchange: its connections hold memory too.
runtime::task<void> body_relay::await_memory() {
    milliseconds waited{0};
    while (source_.hold && source_.from.read_abort() == cause::none) {
        co_await home_.next_tick();
        waited += runtime::core::tick;
        if (waited >= source_.pace.duration()) source_.from.abort_read(cause::out_of_memory);
    }
}

bool body_relay::may_splice() const noexcept {
    // What the kernel moves cannot be kept.
    if (source_.kept != nullptr && source_.kept->whole()) return false;
    return splice_min_ != 0 && source_.framing.kind == http::body_kind::length && !sink_.chunked &&
           left_ >= splice_min_;
}

// The kernel moves the rest of a known length by itself; we only wait for both ends. The pipe is
// filled only when it is empty: then "try again" means that the socket is, never that the pipe is
// full, and no edge is lost.
runtime::task<relay_end> body_relay::splice_rest() {
    net::pipe_lease pipe = pipes_.lend();
    if (!pipe) {
        splice_min_ = 0;  // out of descriptors: copying still works
        co_return relay_end::complete;
    }
    while (left_ > 0 || pipe.held() > 0) {
        if (pipe.held() == 0) {
            if (source_.hold) co_await await_memory();
            auto const most = std::min<std::uint64_t>(left_, net::pipe_pool::pipe_bytes);
            net::io_result const in = source_.from.splice_in(pipe.write_end(), most);
            if (in.status == net::io_status::would_block) {
                co_await await_source();
                continue;
            }
            if (in.status != net::io_status::ok) co_return source_end(in.status);
            beyond_ready_ = true;
            pipe.filled(in.bytes);
            left_ -= in.bytes;
            if (++moves_ % moves_per_turn == 0) co_await home_.reactor().next_turn();
        }
        net::io_result const moved = sink_.to.splice_out(pipe.read_end(), pipe.held());
        if (moved.status == net::io_status::would_block) {
            co_await net::writable_within{
                sink_.to, sink_.pace.home, sink_.pace.limit, sink_.pace.late};
            continue;
        }
        if (moved.status != net::io_status::ok) co_return sink_end(moved.status);
        pipe.drained(moved.bytes);
    }
    finished_ = true;
    co_return relay_end::complete;
}

}  // namespace gateway::proxy

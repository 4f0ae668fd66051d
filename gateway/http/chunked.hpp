// SPDX-License-Identifier: Apache-2.0
// The chunked transfer coding (RFC 9112 7.1), decoded where the bytes lie. Stricter than the RFC:
// no whitespace around sizes or in extensions. Extensions are checked, counted and dropped.
#pragma once

#include "http/fields.hpp"
#include "http/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::http {

enum class chunk_event : std::uint8_t {
    need_more,  // the buffer is used up
    payload,    // the next piece of the body
    finished,   // the body and its trailer section ended; bytes after `consumed` are not ours
    refused,    // not chunked coding, or beyond a limit
};

struct chunk_step {
    chunk_event event;
    std::size_t consumed;      // bytes of the buffer that are done with, the payload's included
    std::string_view payload;  // the last bytes of those consumed; empty unless `payload`
};

// Usage: next(buffer), use the payload, drop `consumed` bytes, again until `need_more`; then read
// more. Never holds payload bytes; keeps trailer lines, which are rare and bounded.
class chunk_decoder {
public:
    explicit chunk_decoder(chunk_limits limits = {}) noexcept : limits_{limits} {}
    void reset() noexcept;

    chunk_step next(std::string_view buffer);

    bool finished() const noexcept { return state_ == state::done; }
    // Bytes of the current chunk that have not come yet; they hold no framing.
    std::uint64_t chunk_left() const noexcept { return state_ == state::payload ? chunk_left_ : 0; }
    // For a caller that moved `bytes` <= chunk_left() of payload past next(), by splice(2) say.
    void skip_payload(std::uint64_t bytes) noexcept;
    std::uint64_t payload_bytes() const noexcept { return payload_bytes_; }  // so far
    // Validated lines "name: value\r\n" as they came; complete once finished().
    std::string_view trailer_lines() const noexcept { return trailers_; }

private:
    enum class state : std::uint8_t {
        size,
        size_digits,
        extension_name_begin,
        extension_name,
        extension_value_begin,
        extension_value,
        extension_quoted,
        extension_quoted_pair,
        extension_quoted_end,
        size_lf,
        payload,
        payload_cr,
        payload_lf,
        trailer_begin,
        trailer_name,
        trailer_value,
        trailer_lf,
        final_lf,
        done,
        refused,
    };

    state after(char c);
    state in_size(char c) noexcept;
    state in_extension(char c) noexcept;
    state in_trailer(char c);
    bool count_extension_byte() noexcept;

    chunk_limits limits_;
    state state_ = state::size;
    std::uint8_t digits_ = 0;
    std::uint32_t extension_bytes_ = 0;
    std::uint32_t extension_bytes_total_ = 0;
    std::uint32_t trailer_fields_ = 0;
    std::uint64_t chunk_left_ = 0;
    std::uint64_t payload_bytes_ = 0;
    std::string trailers_;
};

// Takes the next line off a block of validated "name: value\r\n" lines. False at its end.
bool next_field_line(
    std::string_view& lines, std::string_view& name, std::string_view& value) noexcept;

// Whether a field may travel in a trailer section: nothing that frames, routes, authenticates or
// changes how the content is read (RFC 9110 6.5.1), nothing hop-by-hop, nothing forwarded.
bool may_trail(std::string_view name) noexcept;

}  // namespace gateway::http

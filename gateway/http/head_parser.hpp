// SPDX-License-Identifier: Apache-2.0
// Parsers of message heads: strict (RFC 9112 2-5), incremental, without copies or allocations.
//
// A call is given all bytes of the head that have come so far, beginning with the head's first
// byte; the buffer may have moved since the last call. What was scanned is never scanned again, so
// a head that trickles in costs the same as one that comes whole. A fault is reported at the first
// byte that makes it certain, and splitting the bytes differently never changes the verdict.
//
// Refused everywhere: bare CR, bare LF, NUL and other control bytes, whitespace before the colon
// or at a line's begin (obs-fold), empty names.
#pragma once

#include "base/error.hpp"
#include "http/head.hpp"
#include "http/limits.hpp"

#include <cstdint>
#include <string_view>

namespace gateway::http {

enum class parse_step : std::uint8_t { complete, incomplete, refused };

// The part of a head after its first line. Base of both parsers.
class field_section_parser {
public:
    cause why() const noexcept { return why_; }  // after `refused`

protected:
    enum class state : std::uint8_t {
        start,     // before the first line
        start_lf,  // within the one empty line allowed before a request (RFC 9112 2.2)
        method,
        target,
        version,
        status,
        after_status,
        reason,
        start_line_cr,  // CR must follow
        start_line_lf,  // LF must follow
        field_begin,
        name,
        before_value,
        value,
        field_lf,
        final_lf,
        done,
    };
    struct cursor;  // what one call works on

    static void begin(head& out, char const* base, std::uint32_t scanned) noexcept;
    void record_field(head& out, char const* base, char const* end) const noexcept;
    parse_step refuse(cause why) noexcept;
    parse_step suspend(cursor at, state where) noexcept;
    parse_step parse_version(cursor& at, head& out) noexcept;
    parse_step parse_start_line_end(cursor& at, state where) noexcept;
    parse_step parse_fields(cursor at, std::uint32_t fields_max, head& out) noexcept;

    std::uint32_t at_ = 0;          // first byte that was not scanned yet
    std::uint32_t line_begin_ = 0;  // of the line that is being scanned
    std::uint32_t mark_ = 0;        // begin of the part of it that is being scanned
    std::uint16_t name_size_ = 0;   // of the field that is being scanned
    bool plain_name_ = true;        // that has only letters and "-" so far
    state state_ = state::start;
    cause why_ = cause::none;
};

class request_parser : public field_section_parser {
public:
    void reset() noexcept { *this = request_parser{}; }
    // `complete` leaves bytes after the head alone. After `complete` or `refused`, reset() first.
    parse_step parse(std::string_view buffer, head_limits const&, request_head& out) noexcept;
    // Whether a byte of a request has come; an empty line before it is none.
    bool begun() const noexcept {
        return state_ > state::method || (state_ == state::method && at_ > line_begin_);
    }

private:
    parse_step skip_empty_line(cursor& at) noexcept;
    parse_step parse_line(cursor& at, request_head& out) noexcept;
};

class response_parser : public field_section_parser {
public:
    void reset() noexcept { *this = response_parser{}; }
    // As above. Every fault is `response_malformed` or `response_header_too_large`.
    parse_step parse(std::string_view buffer, head_limits const&, response_head& out) noexcept;

private:
    parse_step parse_line(cursor& at, response_head& out) noexcept;
};

}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// One loop per line kind, each a chain of states that fall through to the next one while bytes
// last. A state that runs out of bytes is kept and the next call enters the chain there.
#include "http/head_parser.hpp"

#include "base/ascii.hpp"
#include "base/check.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace gateway::http {

// Small and passed by value where speed matters, so that its pointers stay in registers.
struct field_section_parser::cursor {
    cursor(
        std::string_view buffer,
        head_limits const& limits,
        std::uint32_t scanned,
        std::uint32_t line_begin) noexcept
        : base{buffer.data()},
          p{base + scanned},
          end{base + std::min<std::size_t>(buffer.size(), limits.bytes_max)},
          line_max{std::min(limits.line_bytes_max, line_bytes_capacity)},
          bytes_max{limits.bytes_max} {
        begin_line(base + line_begin);
    }

    std::uint32_t offset() const noexcept { return static_cast<std::uint32_t>(p - base); }
    bool used_up() const noexcept { return p == stop; }
    // Bytes beyond the limits are never looked at, so that the verdict on a line that is too long
    // does not depend on how much of it came at once.
    void begin_line(char const* begin) noexcept {
        stop = end - begin > std::ptrdiff_t{line_max} ? begin + line_max : end;
    }

    char const* base;
    char const* p;               // first byte not scanned yet
    char const* end;             // of what may be scanned of the head
    char const* stop = nullptr;  // of what may be scanned of the line
    std::uint32_t line_max;
    std::uint32_t bytes_max;
};

parse_step field_section_parser::refuse(cause why) noexcept {
    why_ = why;
    return parse_step::refused;
}

parse_step field_section_parser::suspend(cursor at, state where) noexcept {
    at_ = at.offset();
    state_ = where;
    if (at_ < at.bytes_max && at_ - line_begin_ < at.line_max) return parse_step::incomplete;
    return refuse(where < state::field_begin ? cause::target_too_long : cause::header_too_large);
}

// A head keeps its arrays between messages; only what says how full they are is cleared.
void field_section_parser::begin(head& out, char const* base, std::uint32_t scanned) noexcept {
    out.base_ = base;
    if (scanned == 0) {
        out.present_ = 0;
        out.size_ = 0;
        out.field_count_ = 0;
    }
}

// `end` is the CR that ends the line; whitespace before it is not the value's (RFC 9112 5.1).
inline void field_section_parser::record_field(
    head& out, char const* base, char const* end) const noexcept {
    char const* const value = base + mark_;
    while (end != value && ascii::is_space(end[-1])) --end;
    std::string_view const name{base + line_begin_, name_size_};
    field_id const id = plain_name_ ? plain_id_of(name) : id_of(name);
    if (!out.has(id)) {
        out.present_ |= head::bit_of(id);
        out.first_[static_cast<std::size_t>(id)] = static_cast<std::uint8_t>(out.field_count_);
    }
    out.fields_[out.field_count_++] = {
        line_begin_, mark_, name_size_, static_cast<std::uint16_t>(end - value), id};
}

parse_step field_section_parser::parse_fields(
    cursor at, std::uint32_t fields_max, head& out) noexcept {
    fields_max = std::min<std::uint32_t>(fields_max, fields_capacity);
    for (state where = state_;;) {
        switch (where) {
            case state::field_begin:
                line_begin_ = at.offset();
                plain_name_ = true;
                at.begin_line(at.p);
                if (at.used_up()) return suspend(at, state::field_begin);
                if (*at.p == '\r') {
                    ++at.p;
                    where = state::final_lf;
                    break;
                }
                if (out.field_count_ == fields_max && ascii::is_token_char(*at.p)) {
                    return refuse(cause::too_many_fields);
                }
                [[fallthrough]];
            case state::name:
                at.p = scan::skip_plain_name(at.p, at.stop);
                while (!at.used_up() && ascii::is_token_char(*at.p)) {
                    plain_name_ = false;
                    ++at.p;
                }
                if (at.used_up()) return suspend(at, state::name);
                name_size_ = static_cast<std::uint16_t>(at.offset() - line_begin_);
                if (*at.p != ':' || name_size_ == 0) return refuse(cause::malformed_field);
                ++at.p;
                [[fallthrough]];
            case state::before_value:
                while (!at.used_up() && ascii::is_space(*at.p)) ++at.p;
                if (at.used_up()) return suspend(at, state::before_value);
                mark_ = at.offset();
                [[fallthrough]];
            case state::value:
                at.p = scan::skip_text(at.p, at.stop);
                if (at.used_up()) return suspend(at, state::value);
                if (*at.p != '\r') return refuse(cause::malformed_field);
                ++at.p;
                [[fallthrough]];
            case state::field_lf:
                if (at.used_up()) return suspend(at, state::field_lf);
                if (*at.p != '\n') return refuse(cause::malformed_field);
                record_field(out, at.base, at.p - 1);
                ++at.p;
                where = state::field_begin;
                break;
            case state::final_lf:
                if (at.used_up()) return suspend(at, state::final_lf);
                if (*at.p != '\n') return refuse(cause::malformed_field);
                ++at.p;
                out.size_ = at_ = at.offset();
                state_ = state::done;
                return parse_step::complete;
            default: check_failed("a parser that is done must be reset", __FILE__, __LINE__);
        }
    }
}

// "HTTP/1.0" or "HTTP/1.1", beginning at mark_ (RFC 9112 2.3).
parse_step field_section_parser::parse_version(cursor& at, head& out) noexcept {
    constexpr std::string_view shape = "HTTP/d.d";
    constexpr std::string_view usual = "HTTP/1.1";
    bool const whole = at.offset() == mark_ && at.stop - at.p >= std::ptrdiff_t{usual.size()};
    if (whole && std::memcmp(at.p, usual.data(), usual.size()) == 0) {
        at.p += usual.size();
        out.minor_version = 1;
        return parse_step::complete;
    }
    for (; at.offset() - mark_ < shape.size(); ++at.p) {
        if (at.used_up()) return suspend(at, state::version);
        char const want = shape[at.offset() - mark_];
        bool const fits = want == 'd' ? ascii::is_digit(*at.p) : *at.p == want;
        if (!fits) return refuse(cause::malformed_request_line);
    }
    bool const known = at.p[-3] == '1' && (at.p[-1] == '0' || at.p[-1] == '1');
    if (!known) return refuse(cause::unsupported_version);
    out.minor_version = static_cast<std::uint8_t>(at.p[-1] - '0');
    return parse_step::complete;
}

parse_step field_section_parser::parse_start_line_end(cursor& at, state where) noexcept {
    if (where != state::start_line_lf) {
        if (at.used_up()) return suspend(at, state::start_line_cr);
        if (*at.p != '\r') return refuse(cause::malformed_request_line);
        ++at.p;
    }
    if (at.used_up()) return suspend(at, state::start_line_lf);
    if (*at.p != '\n') return refuse(cause::malformed_request_line);
    ++at.p;
    state_ = state::field_begin;
    return parse_step::complete;
}

parse_step request_parser::parse(
    std::string_view buffer, head_limits const& limits, request_head& out) noexcept {
    cursor at{buffer, limits, at_, line_begin_};
    begin(out, buffer.data(), at_);
    if (state_ < state::method) {
        auto const step = skip_empty_line(at);
        if (step != parse_step::complete) return step;
    }
    if (state_ < state::field_begin) {
        auto const step = parse_line(at, out);
        if (step != parse_step::complete) return step;
    }
    return parse_fields(at, limits.fields_max, out);
}

// Some clients send a CRLF after a body. One is forgiven (RFC 9112 2.2), a stream of them is not.
parse_step request_parser::skip_empty_line(cursor& at) noexcept {
    if (at.used_up()) return suspend(at, state_);
    if (state_ == state::start) {
        state_ = state::method;
        if (*at.p != '\r') return parse_step::complete;
        ++at.p;
        if (at.used_up()) return suspend(at, state::start_lf);
    }
    if (*at.p != '\n') return refuse(cause::malformed_request_line);
    ++at.p;
    line_begin_ = at.offset();
    at.begin_line(at.p);
    state_ = state::method;
    return parse_step::complete;
}

parse_step request_parser::parse_line(cursor& at, request_head& out) noexcept {
    constexpr auto malformed = cause::malformed_request_line;
    switch (state_) {
        case state::method: {
            for (; !at.used_up() && ascii::is_token_char(*at.p); ++at.p) {
                if (at.offset() - line_begin_ == method_bytes_max) {
                    return refuse(cause::unsupported_method);
                }
            }
            if (at.used_up()) return suspend(at, state::method);
            auto const size = at.offset() - line_begin_;
            if (*at.p != ' ' || size == 0) return refuse(malformed);
            out.method_begin_ = line_begin_;
            out.method_size_ = static_cast<std::uint16_t>(size);
            out.method_id = method_of({at.p - size, size});
            ++at.p;
            mark_ = at.offset();
            [[fallthrough]];
        }
        case state::target: {
            at.p = scan::skip_target(at.p, at.stop);
            if (at.used_up()) return suspend(at, state::target);
            auto const size = at.offset() - mark_;
            if (*at.p != ' ' || size == 0) {
                auto const byte = static_cast<unsigned char>(*at.p);
                return refuse(byte > 0x20 && byte != 0x7f ? cause::malformed_target : malformed);
            }
            out.target_begin_ = mark_;
            out.target_size_ = static_cast<std::uint16_t>(size);
            ++at.p;
            mark_ = at.offset();
            [[fallthrough]];
        }
        case state::version: {
            auto const step = parse_version(at, out);
            return step == parse_step::complete ? parse_start_line_end(at, state::version) : step;
        }
        default: return parse_start_line_end(at, state_);
    }
}

parse_step response_parser::parse(
    std::string_view buffer, head_limits const& limits, response_head& out) noexcept {
    cursor at{buffer, limits, at_, line_begin_};
    begin(out, buffer.data(), at_);
    auto step = parse_step::complete;
    if (state_ < state::field_begin) step = parse_line(at, out);
    if (step == parse_step::complete) step = parse_fields(at, limits.fields_max, out);
    if (step == parse_step::refused) {
        bool const too_large = why_ == cause::target_too_long || why_ == cause::header_too_large ||
                               why_ == cause::too_many_fields;
        why_ = too_large ? cause::response_header_too_large : cause::response_malformed;
    }
    return step;
}

// The space after the status is left out by some servers when no reason follows; both spellings
// say the same (RFC 9112 4 asks for the space).
parse_step response_parser::parse_line(cursor& at, response_head& out) noexcept {
    constexpr auto malformed = cause::response_malformed;
    constexpr std::uint32_t version_size = 8;
    switch (state_) {
        case state::start: [[fallthrough]];
        case state::version: {
            auto const step = parse_version(at, out);
            if (step != parse_step::complete) return step;
            out.status = 0;
            out.reason_size_ = 0;
            [[fallthrough]];
        }
        case state::status:
            for (; at.offset() < version_size + 4; ++at.p) {
                if (at.used_up()) return suspend(at, state::status);
                bool const space = at.offset() == version_size;
                if (space ? *at.p != ' ' : !ascii::is_digit(*at.p)) return refuse(malformed);
                if (!space) out.status = static_cast<std::uint16_t>(out.status * 10 + *at.p - '0');
            }
            if (out.status < 100) return refuse(malformed);
            [[fallthrough]];
        case state::after_status:
            if (at.used_up()) return suspend(at, state::after_status);
            if (*at.p != ' ') return parse_start_line_end(at, state::after_status);
            ++at.p;
            mark_ = at.offset();
            [[fallthrough]];
        case state::reason:
            at.p = scan::skip_text(at.p, at.stop);
            if (at.used_up()) return suspend(at, state::reason);
            out.reason_begin_ = mark_;
            out.reason_size_ = static_cast<std::uint16_t>(at.offset() - mark_);
            return parse_start_line_end(at, state::reason);
        default: return parse_start_line_end(at, state_);
    }
}

}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.hpp"

#include "base/ascii.hpp"
#include "base/check.hpp"
#include "http/forwarded.hpp"
#include "http/hop_by_hop.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

// 16 digits fill 64 bits; the top one stays clear so that sums do not overflow.
constexpr std::uint8_t digits_max = 16;
constexpr std::uint64_t chunk_bytes_max = std::uint64_t{1} << 63;

}  // namespace

void chunk_decoder::reset() noexcept {
    auto const keep = limits_;
    auto lines = std::move(trailers_);  // with its capacity
    *this = chunk_decoder{keep};
    lines.clear();
    trailers_ = std::move(lines);
}

void chunk_decoder::skip_payload(std::uint64_t bytes) noexcept {
    GATEWAY_CHECK(bytes <= chunk_left());
    chunk_left_ -= bytes;
    payload_bytes_ += bytes;
    if (state_ == state::payload && chunk_left_ == 0) state_ = state::payload_cr;
}

chunk_step chunk_decoder::next(std::string_view buffer) {
    for (std::size_t i = 0; i < buffer.size();) {
        if (state_ == state::payload) {
            auto const size =
                static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, buffer.size() - i));
            skip_payload(size);
            return {chunk_event::payload, i + size, buffer.substr(i, size)};
        }
        if (state_ == state::done) break;
        if (state_ != state::refused) state_ = after(buffer[i]);
        if (state_ == state::refused) return {chunk_event::refused, i, {}};
        ++i;
        if (state_ == state::done) return {chunk_event::finished, i, {}};
    }
    if (state_ == state::done) return {chunk_event::finished, 0, {}};
    return {chunk_event::need_more, buffer.size(), {}};
}

// The state that the next byte of framing leads to.
chunk_decoder::state chunk_decoder::after(char c) {
    switch (state_) {
        case state::size:
        case state::size_digits: return in_size(c);
        case state::size_lf:
            if (c != '\n') return state::refused;
            return chunk_left_ == 0 ? state::trailer_begin : state::payload;
        case state::payload_cr: return c == '\r' ? state::payload_lf : state::refused;
        case state::payload_lf: return c == '\n' ? state::size : state::refused;
        case state::trailer_begin:
        case state::trailer_name:
        case state::trailer_value:
        case state::trailer_lf: return in_trailer(c);
        case state::final_lf: return c == '\n' ? state::done : state::refused;
        case state::payload:
        case state::done:
        case state::refused: check_failed("a byte of framing is expected", __FILE__, __LINE__);
        default: return in_extension(c);
    }
}

chunk_decoder::state chunk_decoder::in_size(char c) noexcept {
    if (state_ == state::size) {
        digits_ = 0;
        chunk_left_ = 0;
        extension_bytes_ = 0;
    }
    if (int const digit = ascii::hex_value(c); digit >= 0) {
        if (digits_++ == digits_max) return state::refused;
        chunk_left_ = chunk_left_ << 4 | static_cast<std::uint64_t>(digit);
        return chunk_left_ < chunk_bytes_max ? state::size_digits : state::refused;
    }
    if (state_ == state::size) return state::refused;
    if (c == '\r') return state::size_lf;
    return c == ';' && count_extension_byte() ? state::extension_name_begin : state::refused;
}

bool chunk_decoder::count_extension_byte() noexcept {
    return ++extension_bytes_ <= limits_.extension_bytes_max &&
           ++extension_bytes_total_ <= limits_.extension_bytes_total_max;
}

// *( ";" name [ "=" ( token / quoted-string ) ] ) CRLF, RFC 9112 7.1.1. A CR, LF or NUL within is
// refused in quotes, too.
chunk_decoder::state chunk_decoder::in_extension(char c) noexcept {
    bool const ends_value = state_ == state::extension_name || state_ == state::extension_value ||
                            state_ == state::extension_quoted_end;
    if (ends_value && c == '\r') return state::size_lf;
    if (!count_extension_byte()) return state::refused;
    if (ends_value && c == ';') return state::extension_name_begin;
    bool const token = ascii::is_token_char(c);
    switch (state_) {
        case state::extension_name_begin: return token ? state::extension_name : state::refused;
        case state::extension_name:
            if (c == '=') return state::extension_value_begin;
            return token ? state::extension_name : state::refused;
        case state::extension_value_begin:
            if (c == '"') return state::extension_quoted;
            return token ? state::extension_value : state::refused;
        case state::extension_value: return token ? state::extension_value : state::refused;
        case state::extension_quoted:
            if (c == '"') return state::extension_quoted_end;
            if (c == '\\') return state::extension_quoted_pair;
            return ascii::is_text_char(c) ? state::extension_quoted : state::refused;
        case state::extension_quoted_pair:
            return ascii::is_text_char(c) ? state::extension_quoted : state::refused;
        default: return state::refused;
    }
}

// Field lines as in a head (RFC 9112 7.1.2), kept as they come.
chunk_decoder::state chunk_decoder::in_trailer(char c) {
    if (state_ == state::trailer_begin && c == '\r') return state::final_lf;
    if (trailers_.size() >= limits_.trailer_bytes_max) return state::refused;
    auto to = state::refused;
    switch (state_) {
        case state::trailer_begin:
            if (!ascii::is_token_char(c) || trailer_fields_++ == limits_.trailer_fields_max) break;
            to = state::trailer_name;
            break;
        case state::trailer_name:
            if (c == ':') to = state::trailer_value;
            if (ascii::is_token_char(c)) to = state::trailer_name;
            break;
        case state::trailer_value:
            if (c == '\r') to = state::trailer_lf;
            if (ascii::is_text_char(c)) to = state::trailer_value;
            break;
        default:
            if (c == '\n') to = state::trailer_begin;
            break;
    }
    if (to != state::refused) trailers_.push_back(c);
    return to;
}

bool next_field_line(
    std::string_view& lines, std::string_view& name, std::string_view& value) noexcept {
    auto const colon = lines.find(':');
    auto const end = lines.find('\r');
    if (colon == std::string_view::npos || end == std::string_view::npos) return false;
    name = lines.substr(0, colon);
    value = ascii::trim(lines.substr(colon + 1, end - colon - 1));
    lines.remove_prefix(std::min(end + 2, lines.size()));
    return true;
}

bool may_trail(std::string_view name) noexcept {
    using enum field_id;
    field_id const id = id_of(name);
    if (is_hop_by_hop(id) || is_forwarding(id)) return false;
    switch (id) {
        case alias:
        case content_length:
        case content_type:
        case expect:
        case host:
        case max_forwards:
        case location:
        case date:
        case retry_after:
        case traceparent:
        case tracestate:
        case via:
        case x_amzn_trace_id:
        case x_request_id: return false;
        default: break;
    }
    for (std::string_view const refused :
         {"Age", "Authorization", "Cache-Control", "Content-Encoding", "Content-Range", "Cookie",
          "Expires", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
          "If-Unmodified-Since", "Pragma", "Range", "Set-Cookie", "Vary", "Warning",
          "WWW-Authenticate"}) {
        if (ascii::equal_ignoring_case(name, refused)) return false;
    }
    return true;
}

}  // namespace gateway::http

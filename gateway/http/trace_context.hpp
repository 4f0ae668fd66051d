// SPDX-License-Identifier: Apache-2.0
// The two ways in which requests name the trace they belong to: W3C Trace Context (traceparent and
// tracestate, https://www.w3.org/TR/trace-context/) and AWS's X-Amzn-Trace-Id. Identifiers are kept
// as the lower-case hexadecimal digits that they travel as.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::http {

inline constexpr std::size_t trace_id_size = 32;
inline constexpr std::size_t span_id_size = 16;
inline constexpr std::size_t traceparent_size = 55;

using trace_id = std::array<char, trace_id_size>;
using span_id = std::array<char, span_id_size>;

inline std::string_view view_of(trace_id const& id) noexcept { return {id.data(), id.size()}; }
inline std::string_view view_of(span_id const& id) noexcept { return {id.data(), id.size()}; }

enum class sampling : std::uint8_t { undecided, dropped, recorded };

// Where in a trace a request comes from.
struct trace_origin {
    trace_id trace;
    span_id parent;           // only where has_parent
    bool has_parent = false;  // X-Amzn-Trace-Id may name none
    sampling decision = sampling::undecided;
};

// W3C 3.2. False leaves `out` in any state: the field is malformed and a trace has to begin anew.
bool parse_traceparent(std::string_view text, trace_origin& out) noexcept;

// In version 00, with the flag `sampled` and no other (3.2.2.5).
std::array<char, traceparent_size> print_traceparent(
    trace_id const& trace, span_id const& parent, bool sampled) noexcept;

// "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1": the root's digits
// are the trace's. False when there is no root that can be one.
bool parse_amzn_trace_id(std::string_view text, trace_origin& out) noexcept;

// Takes the next `name=value` off a X-Amzn-Trace-Id. False when the list is used up.
bool next_amzn_part(std::string_view& list, std::string_view& part) noexcept;
// Parts that a hop writes itself; those of others are to be kept.
bool is_own_amzn_part(std::string_view part) noexcept;

// One field of a tracestate list, W3C 3.3.1.3: takes the next member, without the blanks around it,
// off the list. Empty members are skipped. False when the list is used up.
bool next_tracestate_member(std::string_view& list, std::string_view& member) noexcept;
// A key of at most 256 characters and a value of as many.
bool is_tracestate_member(std::string_view member) noexcept;
inline constexpr unsigned tracestate_members_max = 32;         // W3C 3.3.1.1
inline constexpr std::size_t tracestate_bytes_max = 2 * 1024;  // at least 512: W3C 3.3.1.5

}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// The trace that a request belongs to: what came with it, what the gateway makes of that, and what
// travels on. Who may say that a trace is recorded is decided here.
#pragma once

#include "base/error.hpp"
#include "base/retry_reason.hpp"
#include "base/units.hpp"
#include "http/head.hpp"
#include "http/head_writer.hpp"
#include "http/trace_context.hpp"
#include "observe/request_id.hpp"
#include "settings/tracing_settings.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace gateway::proxy {

struct endpoint;

struct request_trace {
    http::trace_id id;
    http::span_id parent;           // of the caller; only where has_parent
    http::span_id span;             // the gateway's own, where it takes part
    http::span_id upstream_parent;  // what the upstream is told: `span`, or that of the attempt
    bool known = false;             // `id` is one
    bool has_parent = false;
    bool takes_part = false;
    bool sampled = false;
    bool keeps_amzn = false;     // an X-Amzn-Trace-Id of another trace passes as it is
    bool passes_states = false;  // tracestate is well-formed and of this trace

    std::string_view id_text() const noexcept {
        return known ? http::view_of(id) : std::string_view{};
    }
    std::string_view span_text() const noexcept {
        return takes_part ? http::view_of(span) : std::string_view{};
    }
};

// Whether there is something to read, which costs the look at two bits.
inline bool brings_trace(http::head const& head) noexcept {
    return head.has(http::field_id::traceparent) || head.has(http::field_id::x_amzn_trace_id);
}

// A client from outside may name its trace, but not make us and all applications record it: that
// is for callers inside to say.
enum class caller : std::uint8_t { inside, outside };

// Fills `out` from a request's head, null for one that was not understood. Only reads it when the
// gateway takes no part. `second` is that of the request, since 1970: X-Ray wants it in an ID.
void begin_trace(
    request_trace& out,
    http::head const* head,
    settings::tracing const& wanted,
    caller from,
    std::uint32_t second,
    observe::request_id_source& ids) noexcept;

http::span_id fresh_span_id(observe::request_id_source& ids) noexcept;

// The values of the fields for the upstream, each with its line's end.
void write_tracestate(http::head_writer& out, http::head const& head) noexcept;
void write_amzn_trace_id(
    http::head_writer& out, http::head const& head, request_trace const& trace) noexcept;

// One attempt, kept until the end tells whether anybody wants to know.
struct attempt_trace {
    http::span_id span;
    clock::duration begun;  // since the clock's epoch
    clock::duration ended;
    endpoint* at;
    std::uint16_t status;  // 0: no response's head came
    cause why;
    retry_reason retry;
    bool reused;
};
// All that ten extra tries can make, and the replacement of a dead connection.
inline constexpr std::size_t attempts_traced_max = 12;

}  // namespace gateway::proxy

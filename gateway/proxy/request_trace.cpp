// SPDX-License-Identifier: Apache-2.0
#include "proxy/request_trace.hpp"

#include "base/ascii.hpp"

namespace gateway::proxy {
namespace {

using enum http::field_id;

// Each line of tracestate is a part of one list (W3C 3.3.1, RFC 9110 5.3). One member that is
// malformed, or one too many, spoils all of it (W3C 3.3.1.1, 4.3).
bool has_fine_states(http::head const& head) noexcept {
    unsigned members = 0;
    for (http::field const& field : head.fields()) {
        if (field.id != tracestate) continue;
        std::string_view list = head.value(field);
        std::string_view member;
        while (http::next_tracestate_member(list, member)) {
            bool const fine = http::is_tracestate_member(member);
            if (!fine || ++members > http::tracestate_members_max) return false;
        }
    }
    return members != 0;
}

// Fifty-six bits of chance, the part of an ID that is random in every way to make one (W3C 2, 6).
std::uint64_t chance_of(http::trace_id const& id) noexcept {
    std::uint64_t bits = 0;
    for (std::size_t i = http::trace_id_size - 14; i < http::trace_id_size; ++i) {
        bits = bits << 4 | static_cast<unsigned>(ascii::hex_value(id[i]));
    }
    return bits;
}

bool is_within(std::uint64_t chance, std::uint32_t share) noexcept {
    constexpr std::uint64_t millionth = (std::uint64_t{1} << 56) / settings::tracing::whole;
    return share >= settings::tracing::whole || chance < share * millionth;
}

}  // namespace

http::span_id fresh_span_id(observe::request_id_source& ids) noexcept {
    std::uint64_t bits = ids.next();
    while (bits == 0) bits = ids.next();
    http::span_id id;
    observe::write_hex(bits, id);
    return id;
}

void begin_trace(
    request_trace& out,
    http::head const* head,
    settings::tracing const& wanted,
    caller from,
    std::uint32_t second,
    observe::request_id_source& ids) noexcept {
    http::trace_origin parent;
    http::trace_origin amzn;
    // Two lines of traceparent are as good as none (W3C 3.2).
    bool const traced = head != nullptr && head->count(traceparent) == 1 &&
                        http::parse_traceparent(head->value_of(traceparent), parent);
    bool const rooted = head != nullptr && head->count(x_amzn_trace_id) == 1 &&
                        http::parse_amzn_trace_id(head->value_of(x_amzn_trace_id), amzn);
    http::trace_origin const& origin = traced ? parent : amzn;
    out.known = traced || rooted;
    if (out.known) {
        out.id = origin.trace;
        out.has_parent = origin.has_parent;
        if (origin.has_parent) out.parent = origin.parent;
    }
    if (wanted.mode == settings::tracing_mode::off) return;

    out.takes_part = true;
    bool const inside = out.known && from == caller::inside;
    if (inside && origin.decision != http::sampling::undecided) {
        out.sampled = origin.decision == http::sampling::recorded;
    } else {
        // Nobody outside can know the outcome beforehand by choosing an ID.
        out.sampled = is_within(inside ? chance_of(out.id) : ids.next() >> 8, wanted.sample);
    }
    if (!out.known) {
        std::span<char, http::trace_id_size> const digits{out.id};
        observe::write_hex(
            std::uint64_t{second} << 32 | (ids.next() >> 32), digits.first<http::span_id_size>());
        observe::write_hex(ids.next(), digits.last<http::span_id_size>());
        out.known = true;
    }
    out.span = fresh_span_id(ids);
    out.upstream_parent = out.span;
    out.keeps_amzn = rooted && amzn.trace != out.id;
    // Without its traceparent a tracestate says nothing (W3C 3.3.1, 4.3).
    out.passes_states = traced && has_fine_states(*head);
}

void write_tracestate(http::head_writer& out, http::head const& head) noexcept {
    std::size_t size = 0;
    for (http::field const& field : head.fields()) {
        if (field.id != tracestate) continue;
        std::string_view list = head.value(field);
        std::string_view member;
        while (http::next_tracestate_member(list, member)) {
            // The newest stand on the left; what does not fit is left out whole (W3C 3.3.1.5).
            std::size_t const larger = size + (size != 0 ? 1 : 0) + member.size();
            if (larger > http::tracestate_bytes_max) return void(out.end_line());
            if (size != 0) out.append(',');
            out.append(member);
            size = larger;
        }
    }
    out.end_line();
}

// Root, Parent and Sampled as they are now; what others put between them stays.
void write_amzn_trace_id(
    http::head_writer& out, http::head const& head, request_trace const& trace) noexcept {
    std::string_view const root = http::view_of(trace.id);
    if (head.count(x_amzn_trace_id) == 1) {
        std::string_view list = head.value_of(x_amzn_trace_id);
        std::string_view part;
        while (http::next_amzn_part(list, part)) {
            if (!http::is_own_amzn_part(part)) out.append(part).append(';');
        }
    }
    out.append("Root=1-").append(root.substr(0, 8)).append('-').append(root.substr(8));
    out.append(";Parent=").append(http::view_of(trace.upstream_parent));
    out.append(trace.sampled ? ";Sampled=1" : ";Sampled=0").end_line();
}

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
#include "http/framing.hpp"

#include "base/ascii.hpp"

#include <limits>

namespace gateway::http {
namespace {

// Sums of lengths stay within 64 bits, and no signed integer of a server behind us overflows.
constexpr std::uint64_t length_max = std::numeric_limits<std::int64_t>::max();

// All Transfer-Encoding fields of a head as one list of codings (RFC 9112 6.1). Empty elements and
// parameters are within the grammar, but no sender needs them and parsers differ about them.
cause check_codings(head const& message) noexcept {
    bool chunked_last = false;
    bool chunked_before = false;
    bool others = false;
    for (auto const& f : message.fields()) {
        if (f.id != field_id::transfer_encoding) continue;
        auto rest = message.value(f);
        for (bool more = true; more;) {
            auto const comma = rest.find(',');
            more = comma != std::string_view::npos;
            auto const coding = ascii::trim(rest.substr(0, comma));
            if (more) rest.remove_prefix(comma + 1);
            if (!ascii::is_token(coding)) return cause::ambiguous_framing;
            chunked_before |= chunked_last;
            chunked_last = ascii::equal_ignoring_case(coding, "chunked");
            others |= !chunked_last;
        }
    }
    if (!chunked_last || chunked_before) return cause::ambiguous_framing;
    return others ? cause::unsupported_transfer_coding : cause::none;
}

// The body that the fields announce; `fallback` is what none of them means.
cause frame(head const& message, body_kind fallback, body_framing& out) noexcept {
    bool const has_length = message.has(field_id::content_length);
    if (message.has(field_id::transfer_encoding)) {
        // RFC 9112 6.3 rule 3 says "ought to be handled as an error", 6.1 says the same of 1.0.
        if (has_length || message.minor_version == 0) return cause::ambiguous_framing;
        out = {body_kind::chunked, 0};
        return check_codings(message);
    }
    out = {has_length ? body_kind::length : fallback, 0};
    if (!has_length) return cause::none;
    // RFC 9110 8.6 lets a recipient repair equal repetitions. Which of them the next hop reads, and
    // whether it repairs too, is not ours to guess.
    if (message.count(field_id::content_length) != 1) return cause::ambiguous_framing;
    auto const text = message.value_of(field_id::content_length);
    if (text.find(',') != std::string_view::npos) return cause::ambiguous_framing;
    return ascii::parse_decimal(text, length_max, out.length) ? cause::none
                                                              : cause::malformed_field;
}

}  // namespace

cause frame_request(request_head const& request, body_framing& out) noexcept {
    return frame(request, body_kind::none, out);
}

cause frame_response(
    response_head const& response, method request_method, body_framing& out) noexcept {
    bool const tunnel = request_method == method::connect && response.status / 100 == 2;
    // RFC 9112 6.3 rule 2: whatever such a response says of its length is ignored.
    if (!tunnel && frame(response, body_kind::until_close, out) != cause::none) {
        return cause::response_malformed;
    }
    bool const never = response.status / 100 == 1 || response.status == 204;
    // RFC 9110 8.6 and RFC 9112 6.1 forbid both fields here. Many servers send "Content-Length: 0"
    // all the same, which says nothing wrong; any other announces bytes that must not come.
    if (never && (out.kind == body_kind::chunked || out.length != 0)) {
        return cause::response_malformed;
    }
    if (tunnel || never || response.status == 304 || request_method == method::head) out = {};
    return cause::none;
}

cause read_expectation(request_head const& request, expectation& out) noexcept {
    out = expectation::none;
    // A 1.0 client cannot mean it, RFC 9110 10.1.1.
    if (!request.has(field_id::expect) || request.minor_version == 0) return cause::none;
    bool const known =
        request.count(field_id::expect) == 1 &&
        ascii::equal_ignoring_case(request.value_of(field_id::expect), "100-continue");
    if (!known) return cause::unsupported_expectation;
    out = expectation::continue_100;
    return cause::none;
}

}  // namespace gateway::http

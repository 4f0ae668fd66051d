// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

namespace gateway {
namespace {

using enum cause;
constexpr source downstream = source::downstream;
constexpr source upstream = source::upstream;
constexpr source internal = source::internal;

// One row per enumerator, in its order; the static_assert below holds that.
constexpr std::array<cause_facts, cause_count> table{{
    {cause::none, "none", source::none, 0, ""},
    {malformed_request_line, "malformed_request_line", downstream, 400,
     "The request line is not valid HTTP/1.1."},
    {malformed_field, "malformed_field", downstream, 400, "A header field is not valid HTTP/1.1."},
    {malformed_target, "malformed_target", downstream, 400, "The request target is not valid."},
    {ambiguous_path, "ambiguous_path", downstream, 400,
     "Two programs could disagree about which route this path belongs to, so it was refused."},
    {malformed_host, "malformed_host", downstream, 400,
     "The Host field is missing, repeated or not valid."},
    {ambiguous_framing, "ambiguous_framing", downstream, 400,
     "Two programs could disagree about where this message ends, so it was refused."},
    {malformed_chunk, "malformed_chunk", downstream, 400,
     "The chunked request body is not valid HTTP/1.1."},
    {unsupported_version, "unsupported_version", downstream, 505,
     "This HTTP version is not supported; use HTTP/1.1."},
    {unsupported_method, "unsupported_method", downstream, 501, "This method is not supported."},
    {unsupported_transfer_coding, "unsupported_transfer_coding", downstream, 501,
     "Only the chunked transfer coding is supported."},
    {unsupported_expectation, "unsupported_expectation", downstream, 417,
     "Only Expect: 100-continue is supported."},
    {target_too_long, "target_too_long", downstream, 414, "The request target is too long."},
    {header_too_large, "header_too_large", downstream, 431, "The header is too large."},
    {too_many_fields, "too_many_fields", downstream, 431, "There are too many header fields."},
    {body_too_large, "body_too_large", downstream, 413,
     "The request body is larger than this route allows."},
    {request_head_timeout, "request_head_timeout", downstream, 408,
     "The request header did not arrive in time."},
    {request_body_timeout, "request_body_timeout", downstream, 408,
     "The request body stopped arriving."},
    {request_body_too_slow, "request_body_too_slow", downstream, 408,
     "The request body arrived too slowly."},
    {client_stalled, "client_stalled", downstream, 499, "The client stopped reading the response."},
    {client_closed, "client_closed", downstream, 499,
     "The client closed the connection before the response ended."},
    {no_route, "no_route", downstream, 404, "No route matches this request."},
    {method_not_allowed, "method_not_allowed", downstream, 405,
     "No route accepts this method for this path."},
    {maintenance, "maintenance", internal, 503,
     "This part of the site is closed for maintenance; try again later."},
    {too_many_connections, "too_many_connections", internal, 503,
     "The gateway has reached its connection limit; try again shortly."},
    {too_many_connections_of_client, "too_many_connections_of_client", downstream, 503,
     "This client address has too many connections open; close some and try again."},
    {draining, "draining", internal, 503, "The gateway is shutting down; try again."},
    {not_ready, "not_ready", internal, 503, "The gateway is not ready yet; try again shortly."},
    {out_of_memory, "out_of_memory", internal, 503, "The gateway is short of memory; try again."},
    {out_of_descriptors, "out_of_descriptors", internal, 503,
     "The gateway is short of file descriptors; try again."},
    {internal_error, "internal_error", internal, 500, "The gateway failed; its log says why."},
    {name_unresolved, "name_unresolved", upstream, 503,
     "The upstream's name does not resolve to an address yet."},
    {no_endpoint, "no_endpoint", upstream, 503, "No endpoint of the upstream is available."},
    {endpoints_full, "endpoints_full", upstream, 503,
     "Every endpoint of the upstream has as many requests as it may have; try again shortly."},
    {queue_full, "queue_full", upstream, 503,
     "No endpoint of the upstream is available, and too many requests wait for one."},
    {connect_refused, "connect_refused", upstream, 502, "The upstream refused the connection."},
    {connect_timeout, "connect_timeout", upstream, 504,
     "The upstream did not accept the connection in time."},
    {connect_failed, "connect_failed", upstream, 502, "The upstream could not be reached."},
    {tls_expired, "tls_expired", upstream, 502, "The upstream's certificate has expired."},
    {tls_not_yet_valid, "tls_not_yet_valid", upstream, 502,
     "The upstream's certificate is not valid yet."},
    {tls_wrong_host, "tls_wrong_host", upstream, 502,
     "The upstream's certificate is for another host."},
    {tls_unknown_ca, "tls_unknown_ca", upstream, 502,
     "The upstream's certificate comes from an authority that is not trusted."},
    {tls_self_signed, "tls_self_signed", upstream, 502,
     "The upstream's certificate is signed by itself and not trusted."},
    {tls_revoked, "tls_revoked", upstream, 502, "The upstream's certificate was revoked."},
    {tls_bad_certificate, "tls_bad_certificate", upstream, 502,
     "The upstream's certificate cannot be accepted; the gateway's log says why."},
    {tls_certificate_refused, "tls_certificate_refused", upstream, 502,
     "The upstream wants another certificate of the gateway."},
    {tls_protocol_error, "tls_protocol_error", upstream, 502,
     "The upstream does not speak TLS 1.2 or newer at this port, or not as the gateway does."},
    {tls_handshake_cut, "tls_handshake_cut", upstream, 502,
     "The upstream closed the connection during the TLS handshake."},
    {tls_handshake_timeout, "tls_handshake_timeout", upstream, 504,
     "The upstream did not finish the TLS handshake in time."},
    {upstream_reset, "upstream_reset", upstream, 502, "The upstream reset the connection."},
    {upstream_closed, "upstream_closed", upstream, 502,
     "The upstream closed the connection without answering."},
    {upstream_stalled, "upstream_stalled", upstream, 504,
     "The upstream stopped reading the request body."},
    {response_head_timeout, "response_head_timeout", upstream, 504,
     "The upstream did not answer in time."},
    {response_malformed, "response_malformed", upstream, 502,
     "The upstream's response is not valid HTTP/1.1."},
    {unsolicited_response, "unsolicited_response", upstream, 502,
     "The upstream sent bytes before it was asked anything."},
    {response_header_too_large, "response_header_too_large", upstream, 502,
     "The upstream's response header is too large."},
    {response_body_timeout, "response_body_timeout", upstream, 504,
     "The upstream's response body stopped arriving."},
    {response_truncated, "response_truncated", upstream, 502,
     "The upstream's response ended early."},
    {tunnel_timeout, "tunnel_timeout", upstream, 504, "The tunnel was idle for too long."},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (static_cast<std::size_t>(table[i].value) != i) return false;
    }
    return true;
}
static_assert(in_order(), "one row per cause, in the order of the enum");

}  // namespace

cause_facts const& facts_of(cause value) noexcept { return table[static_cast<std::size_t>(value)]; }

}  // namespace gateway

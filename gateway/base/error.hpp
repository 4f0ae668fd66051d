// SPDX-License-Identifier: Apache-2.0
// The closed list of reasons why an exchange did not end well. The same word stands in the access
// log, in the metrics, in the error body and in the documentation; nothing else may name a reason.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway {

// Whose fault it was. The gateway never blames an upstream for a client (Pingora's rule).
enum class source : std::uint8_t { none, downstream, upstream, internal };

enum class cause : std::uint8_t {
    none,
    // The client's bytes or its pace.
    malformed_request_line,
    malformed_field,
    malformed_target,
    ambiguous_path,
    malformed_host,
    ambiguous_framing,
    malformed_chunk,
    unsupported_version,
    unsupported_method,
    unsupported_transfer_coding,
    unsupported_expectation,
    target_too_long,
    header_too_large,
    too_many_fields,
    body_too_large,
    request_head_timeout,
    request_body_timeout,
    request_body_too_slow,
    client_stalled,
    client_closed,
    // What the operator's routes say.
    no_route,
    method_not_allowed,
    maintenance,  // the operator has closed the route for now
    // The gateway's own limits and state.
    too_many_connections,
    too_many_connections_of_client,
    draining,
    not_ready,  // asked whether it is
    out_of_memory,
    out_of_descriptors,
    internal_error,
    // The upstream's name, connection or bytes.
    name_unresolved,
    no_endpoint,
    endpoints_full,
    queue_full,
    connect_refused,
    connect_timeout,
    connect_failed,
    // TLS with the upstream: its certificate, ours, or the protocol.
    tls_expired,
    tls_not_yet_valid,
    tls_wrong_host,
    tls_unknown_ca,
    tls_self_signed,
    tls_revoked,
    tls_bad_certificate,
    tls_certificate_refused,
    tls_protocol_error,
    tls_handshake_cut,
    tls_handshake_timeout,
    // What the upstream answered, or did not.
    upstream_reset,
    upstream_closed,
    upstream_stalled,
    response_head_timeout,
    response_malformed,
    unsolicited_response,
    response_header_too_large,
    response_body_timeout,
    response_truncated,
    tunnel_timeout,
};

inline constexpr std::size_t cause_count = static_cast<std::size_t>(cause::tunnel_timeout) + 1;

// The upstream could not be spoken to under TLS, and nothing of a request was sent to it.
constexpr bool is_failed_handshake(cause value) noexcept {
    return value >= cause::tls_expired && value <= cause::tls_handshake_timeout &&
           value != cause::tls_certificate_refused;  // TLS 1.3 says that after the request too
}

// What is known of a cause at compile time.
struct cause_facts {
    cause value;
    std::string_view word;  // as written in logs, metrics and bodies
    source fault;
    std::uint16_t status;     // reply status when nothing has been sent yet; 499 is never sent
    std::string_view advice;  // one sentence for the person who reads the error body
};

cause_facts const& facts_of(cause value) noexcept;

inline std::string_view word_of(cause value) noexcept { return facts_of(value).word; }
inline std::uint16_t status_of(cause value) noexcept { return facts_of(value).status; }

}  // namespace gateway

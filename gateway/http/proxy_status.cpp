// SPDX-License-Identifier: Apache-2.0
#include "http/proxy_status.hpp"

namespace gateway::http {

// Without `default`: the compiler asks for the type of each new cause.
std::string_view proxy_error_of(cause why) noexcept {
    using enum cause;
    switch (why) {
        case none: return {};
        case malformed_request_line:
        case malformed_field:
        case malformed_target:
        case ambiguous_path:
        case malformed_host:
        case ambiguous_framing:
        case malformed_chunk:
        case unsupported_version:
        case unsupported_method:
        case unsupported_transfer_coding:
        case unsupported_expectation:
        case target_too_long:
        case header_too_large:
        case too_many_fields:
        case body_too_large:
        case request_head_timeout:
        case request_body_timeout:
        case request_body_too_slow:
        case client_stalled:
        case client_closed: return "http_request_error";
        case no_route: return "destination_not_found";
        case method_not_allowed:
        case too_many_connections_of_client: return "http_request_denied";
        case too_many_connections:
        case maintenance:
        case not_ready:
        case draining: return "proxy_internal_response";
        case out_of_memory:
        case out_of_descriptors:
        case internal_error: return "proxy_internal_error";
        case name_unresolved: return "dns_error";
        case no_endpoint:
        case endpoints_full:
        case queue_full:
        case connect_failed: return "destination_unavailable";
        case connect_refused: return "connection_refused";
        case connect_timeout: return "connection_timeout";
        case tls_expired:
        case tls_not_yet_valid:
        case tls_wrong_host:
        case tls_unknown_ca:
        case tls_self_signed:
        case tls_revoked:
        case tls_bad_certificate: return "tls_certificate_error";
        case tls_certificate_refused: return "tls_alert_received";
        case tls_protocol_error:
        case tls_handshake_cut: return "tls_protocol_error";
        case tls_handshake_timeout: return "connection_timeout";
        case upstream_reset:
        case upstream_closed: return "connection_terminated";
        case upstream_stalled: return "connection_write_timeout";
        case response_head_timeout: return "http_response_timeout";
        case unsolicited_response:
        case response_malformed: return "http_protocol_error";
        case response_header_too_large: return "http_response_header_section_size";
        case response_body_timeout: return "connection_read_timeout";
        case response_truncated: return "http_response_incomplete";
        case tunnel_timeout: return "connection_read_timeout";
    }
    return "proxy_internal_error";
}

void append_proxy_status(std::string& out, cause why, std::uint16_t received) {
    out += proxy_name;
    if (why != cause::none) {
        out.append("; error=").append(proxy_error_of(why));
        out.append("; details=\"").append(word_of(why)).append("\"");
    }
    if (received != 0) out.append("; received-status=").append(std::to_string(received));
}

}  // namespace gateway::http

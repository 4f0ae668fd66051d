// SPDX-License-Identifier: Apache-2.0
// The field names the gateway has rules for. All other fields are `other` and pass untouched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::http {

// `alias` is a name that CGI, WSGI and their kin cannot tell from one of ours, because they turn
// "-" and whatever else is no letter or digit into "_": "X_Forwarded_For", "X.Forwarded.For". A
// proxy must not let it stand beside the real one.
// `proxy_other` and `x_forwarded_other` are families: "Proxy", which becomes the variable
// HTTP_PROXY (httpoxy), every Proxy-* and every X-Forwarded-* that has no enumerator of its own.
enum class field_id : std::uint8_t {
    other,
    alias,
    accept,
    connection,
    content_length,
    content_type,
    date,
    expect,
    forwarded,
    host,
    http2_settings,
    keep_alive,
    location,
    max_forwards,
    proxy_authenticate,
    proxy_authentication_info,
    proxy_authorization,
    proxy_connection,
    proxy_other,
    proxy_status,
    referer,
    retry_after,
    server,
    te,
    traceparent,
    tracestate,
    trailer,
    transfer_encoding,
    upgrade,
    user_agent,
    via,
    x_amzn_trace_id,
    x_forwarded,
    x_forwarded_by,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_other,
    x_forwarded_port,
    x_forwarded_prefix,
    x_forwarded_proto,
    x_forwarded_server,
    x_real_ip,
    x_request_id,
};

inline constexpr std::size_t field_id_count = static_cast<std::size_t>(field_id::x_request_id) + 1;
static_assert(field_id_count <= 64, "the presence bitmap of http::head has 64 bits");

// Ignores case. `name` must be a token (RFC 9110 5.1); the parser and the settings see to that.
field_id id_of(std::string_view name) noexcept;
// The same for a name of letters, digits and "-", which is never `alias`.
field_id plain_id_of(std::string_view name) noexcept;

// The usual spelling; empty for `other`, `alias` and the two families.
std::string_view name_of(field_id id) noexcept;

// Fields by which proxies tell an application about the client: only the gateway may say these.
bool is_forwarding(field_id id) noexcept;

}  // namespace gateway::http

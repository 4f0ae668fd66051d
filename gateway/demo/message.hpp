// SPDX-License-Identifier: Apache-2.0
// Requests and responses as the demo origins see them. Pure: no socket, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::demo {

// A request's head. The views borrow from the connection until its next `read_head`.
struct request {
    std::string_view method;
    std::string_view target;
    unsigned minor_version = 1;  // HTTP/1.x
    std::vector<std::pair<std::string_view, std::string_view>> fields;
    std::optional<std::uint64_t> length;  // Content-Length
    bool chunked = false;
    bool keep_alive = false;

    std::string_view path() const noexcept;   // the target up to "?", still percent-encoded
    std::string_view query() const noexcept;  // what follows "?"
    std::string_view find(std::string_view name) const noexcept;  // first of that name, or empty
    bool has_body() const noexcept { return chunked || length.value_or(0) > 0; }
};

struct response {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> fields;

    response& set(std::string_view name, std::string_view value);
};

// How the receiver finds the end of a response's body (RFC 9112 6.3).
enum class body_end { none, length, chunked, close };

struct body_framing {
    body_end end = body_end::none;
    std::uint64_t length = 0;  // sent when `end` is `length`
    bool muted = false;        // the head speaks of a body that does not follow: an answer to HEAD
};

// `length` is absent when the body's end is not known yet.
body_framing framing_of(request const& to, unsigned status, std::optional<std::uint64_t> length);

// Facts of the connection that every head carries.
struct head_context {
    std::string_view server;  // Server
    std::int64_t now = 0;     // Date, seconds since 1970
    unsigned minor_version = 1;
    bool keep_alive = false;
};

std::string head_text(response const& answer, body_framing framing, head_context const& context);

// Does the comma-separated list hold the token? Compares without case.
bool lists_token(std::string_view list, std::string_view token) noexcept;

// Percent-decoded (RFC 3986 2.1); a broken escape stays as it is.
std::string percent_decoded(std::string_view text);

// Everything but unreserved characters escaped: fit for one path segment.
std::string percent_encoded(std::string_view text);

// The value of `name` in a query of the form a=b&c=d.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

// Media type by a name's extension; application/octet-stream when unknown.
std::string_view media_type_of(std::string_view name) noexcept;

}  // namespace gateway::demo

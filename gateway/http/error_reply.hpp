// SPDX-License-Identifier: Apache-2.0
// Replies the gateway makes itself: one status line, few fields, a small body that a program
// (JSON) or a person (HTML) can read. The only place where a cause becomes bytes.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::http {

// Empty for a status that no RFC names.
std::string_view reason_phrase(unsigned status) noexcept;

// All views are borrowed for the call.
struct reply_request {
    cause why = cause::internal_error;
    std::uint16_t status = 0;       // 0: the cause's own
    std::uint16_t received = 0;     // the upstream's status that this reply stands in for, or 0
    std::string_view request_id{};  // well-formed, or empty
    std::string_view accept{};      // the request's Accept, empty when there was none
    std::string_view date{};        // IMF-fixdate, empty leaves the field out
    bool head_only = false;         // the request was HEAD: fields as for GET, no body
    bool close = false;             // adds "Connection: close"
    bool keep_alive = false;        // adds "Connection: keep-alive", for a 1.0 client
    std::span<std::pair<std::string_view, std::string_view> const> extra{};  // Allow, Retry-After
};

// Appends the whole reply.
void append_error_reply(std::string& out, reply_request const&);

// Appends a reply of 200: the gateway is the one who was asked (OPTIONS *, Max-Forwards: 0). `why`,
// `status`, `received` and `accept` do not count.
void append_own_answer(
    std::string& out, reply_request const&, std::string_view type, std::string_view body);

// Whether text/html is preferred over application/json (RFC 9110 12.5.1). JSON wins a tie, and
// when neither is named.
bool prefers_html(std::string_view accept) noexcept;

}  // namespace gateway::http

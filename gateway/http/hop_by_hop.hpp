// SPDX-License-Identifier: Apache-2.0
// Fields that belong to one connection and must not travel on (RFC 9110 7.6.1).
#pragma once

#include "base/error.hpp"
#include "http/head.hpp"
#include "http/limits.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace gateway::http {

// Also fields that only the gateway itself may send: Proxy-*, "Proxy" (httpoxy), and
// HTTP2-Settings, whose upgrade is never passed on.
constexpr bool is_hop_by_hop(field_id id) noexcept {
    using enum field_id;
    switch (id) {
        case connection:
        case http2_settings:
        case keep_alive:
        case proxy_authenticate:
        case proxy_authentication_info:
        case proxy_authorization:
        case proxy_connection:
        case proxy_other:
        case te:
        case trailer:
        case transfer_encoding:
        case upgrade: return true;
        default: return false;
    }
}

// What the Connection fields of a head say. `names` are offsets into the head's buffer.
struct connection_options {
    struct name {
        std::uint32_t begin;
        std::uint16_t size;
    };
    bool close = false;
    bool keep_alive = false;
    bool upgrade = false;
    std::uint8_t name_count = 0;                     // options other than those three
    std::array<name, connection_options_max> names;  // valid up to name_count
};

// malformed_field when an option is no token or there are too many.
cause parse_connection(head const&, connection_options& out) noexcept;

// Whether Connection names this field, so that it must be dropped. Host and Content-Length cannot
// be named away: without them the message would mean something else. Nor can what a trusted proxy
// says of the client, which may have chosen the names that this proxy passed on to us.
bool named_by_connection(head const&, connection_options const&, field const&) noexcept;

}  // namespace gateway::http

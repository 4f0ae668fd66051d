// SPDX-License-Identifier: Apache-2.0
// Whether a connection may carry another message (RFC 9112 9.3).
#pragma once

#include "http/head.hpp"
#include "http/hop_by_hop.hpp"

namespace gateway::http {

constexpr bool wants_keep_alive(
    unsigned minor_version, bool says_close, bool says_keep_alive) noexcept {
    if (says_close) return false;
    return minor_version >= 1 || says_keep_alive;
}

inline bool wants_keep_alive(head const& message, connection_options const& options) noexcept {
    return wants_keep_alive(message.minor_version, options.close, options.keep_alive);
}

}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// Protocol upgrades (RFC 9110 7.8).
#pragma once

#include "http/head.hpp"
#include "http/hop_by_hop.hpp"

namespace gateway::http {

// An HTTP/1.1 request without a body that has "Connection: upgrade" and a well-formed Upgrade
// field. "h2c" is never passed on: the bytes after it would escape every rule of the gateway.
bool is_upgrade_request(request_head const&, connection_options const&) noexcept;

// A 101 that names a protocol which the request offered.
bool upgrade_accepted(
    request_head const&, response_head const&, connection_options const& of_response) noexcept;

}  // namespace gateway::http

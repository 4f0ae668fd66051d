// SPDX-License-Identifier: Apache-2.0
// Who is asked: the Host field and the authority of a target (RFC 9112 3.2, RFC 9110 4.2 and 7.2).
#pragma once

#include "base/error.hpp"
#include "http/head.hpp"

#include <cstdint>
#include <string_view>

namespace gateway::http {

struct authority_view {
    std::string_view host;   // as written; an IPv6 address with its brackets
    std::uint16_t port = 0;  // 0: none was written
};

// A name of letters, digits, "-", "_" and "." without empty labels (one final "." is fine), an
// IPv4 address, or an IPv6 address in brackets; then perhaps ":" and a port of 1..65535. RFC 3986
// would also allow userinfo, percent-encodings and "!$&'()*+,;="; no host we could route to has
// them, and two programs may read them differently.
bool parse_authority(std::string_view text, authority_view& out) noexcept;

// malformed_host when HTTP/1.1 comes without Host, or any version with a second or a bad one.
cause check_host(request_head const&) noexcept;

}  // namespace gateway::http

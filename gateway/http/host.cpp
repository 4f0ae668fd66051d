// SPDX-License-Identifier: Apache-2.0
#include "http/host.hpp"

#include "base/ascii.hpp"
#include "http/forwarded.hpp"
#include "http/limits.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

bool is_host_name(std::string_view text) noexcept {
    bool label = false;  // whether the label before this byte has any bytes
    for (char const c : text) {
        if (c == '.') {
            if (!label) return false;
            label = false;
        } else if (ascii::is(c, ascii::label_bit)) {
            label = true;
        } else {
            return false;
        }
    }
    return !text.empty() && (label || text.size() > 1);
}

bool is_ip_literal(std::string_view text) noexcept {  // with its brackets
    address16 ignored;
    if (text.size() < 4 || text.find(':') == std::string_view::npos) return false;
    return parse_address(text.substr(1, text.size() - 2), ignored);
}

}  // namespace

bool parse_authority(std::string_view text, authority_view& out) noexcept {
    bool const literal = text.starts_with('[');
    auto const bracket = literal ? text.find(']') : 0;
    if (bracket == std::string_view::npos) return false;
    auto const host_size = std::min(text.find(':', bracket), text.size());
    auto const host = text.substr(0, host_size);
    if (host.size() > host_bytes_max) return false;
    if (literal ? host.back() != ']' || !is_ip_literal(host) : !is_host_name(host)) return false;
    std::uint64_t port = 0;
    if (host_size != text.size()) {
        if (!ascii::parse_decimal(text.substr(host_size + 1), 65'535, port) || port == 0) {
            return false;
        }
    }
    out = {host, static_cast<std::uint16_t>(port)};
    return true;
}

cause check_host(request_head const& request) noexcept {
    auto const* host = request.find(field_id::host);
    if (!host) return request.minor_version == 0 ? cause::none : cause::malformed_host;
    authority_view ignored;
    bool const fine =
        request.count(field_id::host) == 1 && parse_authority(request.value(*host), ignored);
    return fine ? cause::none : cause::malformed_host;
}

}  // namespace gateway::http

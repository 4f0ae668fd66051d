// SPDX-License-Identifier: Apache-2.0
// What of a request its endpoint is chosen by, and the cookie that keeps a client at its endpoint.
#pragma once

#include "http/forwarded.hpp"
#include "http/head.hpp"
#include "http/target.hpp"
#include "proxy/endpoint_choice.hpp"
#include "settings/settings.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::proxy {

// Costs nothing for a method that needs no key.
choice_key key_of(
    settings::balance const& how,
    http::request_head const& head,
    http::target_view const& target,
    http::address16 const& client) noexcept;

// What of the request the source names; empty without it. `client_text` is the client's address.
std::string_view part_of(
    settings::hash_source const& what,
    http::request_head const& head,
    http::target_view const& target,
    std::string_view client_text) noexcept;

// The value of the first cookie of that name (RFC 6265 5.4); empty without one.
std::string_view cookie_of(http::head const& head, std::string_view name) noexcept;
// The value of the first such parameter, as it was sent; empty without one.
std::string_view parameter_of(std::string_view query, std::string_view name) noexcept;

// The value of a Set-Cookie field that names the endpoint; views `out`.
inline constexpr std::size_t sticky_field_max = 192;
std::string_view sticky_field(
    settings::balance const& how,
    std::uint64_t identity,
    std::array<char, sticky_field_max>& out) noexcept;

}  // namespace gateway::proxy

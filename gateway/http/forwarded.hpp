// SPDX-License-Identifier: Apache-2.0
// Who the client is when proxies stand before us: address ranges and X-Forwarded-For.
#pragma once

#include "http/head.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace gateway::http {

// An IP address; IPv4 is held mapped into IPv6 (::ffff:a.b.c.d).
using address16 = std::array<std::uint8_t, 16>;

struct address_range {
    address16 network{};
    std::uint8_t prefix_bits = 128;  // 0..128, counted in the mapped form
};

// An IPv4 or IPv6 address and nothing else: no port, no brackets, no zone.
bool parse_address(std::string_view text, address16& out) noexcept;
bool is_mapped_ipv4(address16 const& address) noexcept;

inline constexpr std::size_t address_text_max = 45;
// Mapped addresses in IPv4 form, others by RFC 5952. Views `out`.
std::string_view print_address(
    address16 const& address, std::span<char, address_text_max + 1> out) noexcept;

bool contains(address_range const& range, address16 const& address) noexcept;
bool contains(std::span<address_range const> ranges, address16 const& address) noexcept;

// The rightmost address that no trusted proxy vouches for: begins with the connection's peer and
// goes through X-Forwarded-For from its end for as long as the last address is trusted. An entry
// that is no address (a port after it is fine) ends the walk: nothing left of it can be believed.
address16 client_address(
    head const& request, address16 const& peer, std::span<address_range const> trusted) noexcept;

}  // namespace gateway::http

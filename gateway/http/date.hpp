// SPDX-License-Identifier: Apache-2.0
// IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gateway::http {

inline constexpr std::size_t date_size = 29;

// Seconds since 1970, within the years 1970..9999; others are clamped. No locale, no time zone,
// no lock, unlike strftime and gmtime.
void write_date(std::int64_t seconds, std::span<char, date_size> out) noexcept;

}  // namespace gateway::http

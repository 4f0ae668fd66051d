// SPDX-License-Identifier: Apache-2.0
// Units as types and literals, so that no integer has to say in a comment what it counts.
#pragma once

#include <chrono>
#include <cstdint>

namespace gateway {

using namespace std::chrono_literals;

using byte_count = std::uint64_t;

inline namespace literals {
constexpr byte_count operator""_KiB(unsigned long long n) { return n << 10; }
constexpr byte_count operator""_MiB(unsigned long long n) { return n << 20; }
constexpr byte_count operator""_GiB(unsigned long long n) { return n << 30; }
}  // namespace literals

// The monotonic clock every deadline and duration is measured by.
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using milliseconds = std::chrono::milliseconds;

}  // namespace gateway

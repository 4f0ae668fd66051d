// SPDX-License-Identifier: Apache-2.0
// How long a test waits for an event that must come. It is a bound for failing runs only: every
// wait ends with its event, so generosity costs a passing run nothing.
#pragma once

#include <chrono>

namespace gateway::support {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
inline constexpr int slowness = 6;
#else
inline constexpr bool sanitized = false;
inline constexpr int slowness = 1;
#endif

constexpr milliseconds patience(milliseconds unhurried = 10s) { return unhurried * slowness; }

}  // namespace gateway::support

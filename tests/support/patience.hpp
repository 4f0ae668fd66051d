// SPDX-License-Identifier: Apache-2.0
// How long a test waits for an event that must come. It is a bound for failing runs only: every
// wait ends with its event, so generosity costs a passing run nothing.
#pragma once

#include <chrono>
#include <cstdlib>

namespace gateway::support {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

// Whether what is tested runs under a sanitizer: this program, or the gateway that it starts, of
// which ctest tells it (tests/CMakeLists.txt).
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline bool const sanitized = true;
#elif defined(__has_feature)
inline bool const sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline bool const sanitized = std::getenv("GATEWAY_SANITIZED") != nullptr;
#endif
inline int const slowness = sanitized ? 6 : 1;

inline milliseconds patience(milliseconds unhurried = 10s) { return unhurried * slowness; }

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Checks for programmer errors only. Whatever the network or the operator can cause is handled.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace gateway {

[[noreturn]] inline void check_failed(char const* what, char const* file, int line) {
    std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    std::abort();
}

}  // namespace gateway

#define GATEWAY_CHECK(condition)                                                   \
    do {                                                                           \
        if (!(condition)) ::gateway::check_failed(#condition, __FILE__, __LINE__); \
    } while (false)

#ifdef NDEBUG
#define GATEWAY_DCHECK(condition) static_cast<void>(0)
#else
#define GATEWAY_DCHECK(condition) GATEWAY_CHECK(condition)
#endif

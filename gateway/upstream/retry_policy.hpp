// SPDX-License-Identifier: Apache-2.0
// May a failed attempt be made again? Decided from what is known, without I/O.
#pragma once

#include "base/error.hpp"
#include "http/methods.hpp"

#include <cstdint>

namespace gateway::upstream {

// The facts of one failed attempt.
struct attempt_facts {
    cause why = cause::none;
    http::method method = http::method::other;
    bool reused_connection = false;     // it came from the pool
    bool response_begun = false;        // a byte of a response came
    bool body_replayable = true;        // every body byte sent is still in our buffer
    bool request_acknowledged = false;  // the peer's kernel acknowledged a byte of this request
    std::uint8_t attempts = 1;          // made so far, this one included
};

inline constexpr std::uint8_t attempts_max = 3;

enum class retry : std::uint8_t {
    no,
    // The connection was never made: any endpoint will do, for any method.
    other_endpoint,
    // The pooled connection was dead: the request goes out again on a fresh one.
    fresh_connection,
};

// A connect failure proves that nothing was sent. On a reused connection that died without a
// response, an unacknowledged request cannot have reached the application (RFC 9112 9.5); an
// acknowledged one may have, so only idempotent methods go again (RFC 9110 9.2.2).
retry may_retry(attempt_facts const& facts) noexcept;

}  // namespace gateway::upstream

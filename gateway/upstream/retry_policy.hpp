// SPDX-License-Identifier: Apache-2.0
// May a failed attempt be made again, where, and why? Decided from what is known, without I/O.
#pragma once

#include "base/error.hpp"
#include "base/retry_reason.hpp"
#include "base/units.hpp"
#include "http/methods.hpp"

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace gateway::upstream {

// Response statuses from 500 to 599.
class status_set {
public:
    static constexpr std::uint16_t first = 500;
    static constexpr std::uint16_t last = 599;

    void add(std::uint16_t status) noexcept {
        if (status >= first && status <= last) bits_.set(static_cast<std::size_t>(status - first));
    }
    bool has(std::uint16_t status) const noexcept {
        return status >= first && status <= last &&
               bits_.test(static_cast<std::size_t>(status - first));
    }
    bool any() const noexcept { return bits_.any(); }

private:
    std::bitset<last - first + 1> bits_;
};

// A connection that is refused costs no time: so many endpoints more are asked, unless the operator
// allows more, or none. During a deployment several may be gone at once, and for a moment nobody
// knows.
inline constexpr std::uint32_t refused_tries_max = 3;

// What the operator allows.
struct retry_rules {
    std::uint32_t extra_tries = 1;  // beyond the first; 0 allows none
    status_set on_status;
};

// The facts of one failed attempt, or of one whose response has an unwelcome status.
struct attempt_facts {
    cause why = cause::none;
    std::uint16_t status = 0;  // of a response whose head is complete; then `why` is none
    http::method method = http::method::other;
    bool reused_connection = false;  // it came from the pool
    bool client_has_bytes = false;   // of any response, an interim one included
    bool body_replayable = true;     // every body byte that was read is still here
    bool request_unseen = false;     // see proves_unseen()
    bool other_endpoint = false;     // there is one to go to
    bool may_wait = false;           // in the line, for one that can be reached
    bool replaced_before = false;    // a dead pooled connection was replaced already
    std::uint32_t tries_used = 0;    // of extra_tries
};

enum class retry_at : std::uint8_t {
    nowhere,
    other_endpoint,    // or the same one when there is no other
    fresh_connection,  // the same endpoint, not from the pool
    later,             // whichever can be reached by then
};

struct retry_verdict {
    retry_at where = retry_at::nowhere;
    retry_reason reason = retry_reason::none;
    bool counts = true;    // as one of extra_tries
    bool repeats = false;  // the application may have done the work before: the budget decides too

    explicit operator bool() const noexcept { return where != retry_at::nowhere; }
};

// - A connection that was never made carried nothing: any method goes to another endpoint, and
//   where there is none it waits for one, such as the successor of one that was replaced.
// - A request that provably was not received goes again whatever its method (RFC 9110 9.2.2), and
//   when its connection came from the pool that costs no extra try: the endpoint has not failed.
// - After a connection that broke off, or an unwelcome status, the application may have acted:
//   only idempotent methods go again (RFC 9110 9.2.2), within the budget.
retry_verdict decide_retry(retry_rules const& rules, attempt_facts const& facts) noexcept;

// What is known of a connection that ended without a response.
struct connection_end {
    cause why = cause::none;
    bool written = false;       // some of this request, to the kernel
    bool acknowledged = false;  // some of it, by the peer's kernel
};

// Whether the application cannot have seen a byte of the request. Nothing was written; or the peer
// ended in order (FIN) and has acknowledged nothing: a FIN acknowledges all that arrived before it.
// A reset (RST) proves nothing, because Linux delays acknowledgements by up to 40 ms and ignores
// the one that a reset carries: an application that reads a request, acts and resets within that
// time looks as if it had received nothing.
bool proves_unseen(connection_end const& end) noexcept;

// The first retry goes out at once; those after it wait from 25 to 100 ms, so that many failed at
// once do not come back at once. `random` is any number.
milliseconds back_off(std::uint32_t retries_before, std::uint32_t random) noexcept;

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
#include "upstream/retry_policy.hpp"

namespace gateway::upstream {
namespace {

bool never_connected(cause why) {
    return why == cause::connect_refused || why == cause::connect_timeout ||
           why == cause::connect_failed || is_failed_handshake(why);
}

bool died(cause why) { return why == cause::upstream_reset || why == cause::upstream_closed; }

}  // namespace

retry may_retry(attempt_facts const& facts) noexcept {
    if (facts.attempts >= attempts_max || facts.response_begun || !facts.body_replayable) {
        return retry::no;
    }
    if (never_connected(facts.why)) {
        // One other endpoint, not all of them: a dead upstream should fail soon.
        return facts.attempts < 2 ? retry::other_endpoint : retry::no;
    }
    if (!died(facts.why) || !facts.reused_connection) return retry::no;
    if (!facts.request_acknowledged || http::is_idempotent(facts.method)) {
        return retry::fresh_connection;
    }
    return retry::no;
}

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
#include "upstream/retry_policy.hpp"

#include <algorithm>

namespace gateway::upstream {
namespace {

bool never_connected(cause why) {
    return why == cause::connect_refused || why == cause::connect_timeout ||
           why == cause::connect_failed || is_failed_handshake(why);
}

std::uint32_t connect_tries(retry_rules const& rules, cause why) {
    bool const at_once = why == cause::connect_refused || why == cause::connect_failed;
    if (!at_once || rules.extra_tries == 0) return rules.extra_tries;
    return std::max(rules.extra_tries, refused_tries_max);
}

bool lost(cause why) {
    return why == cause::upstream_reset || why == cause::upstream_closed ||
           why == cause::response_truncated;
}

}  // namespace

retry_verdict decide_retry(retry_rules const& rules, attempt_facts const& facts) noexcept {
    if (facts.client_has_bytes || !facts.body_replayable) return {};
    bool const may_count = facts.tries_used < rules.extra_tries;
    if (never_connected(facts.why)) {
        bool const may_try = facts.tries_used < connect_tries(rules, facts.why);
        if (facts.other_endpoint) {
            if (!may_try) return {};
            return {.where = retry_at::other_endpoint, .reason = retry_reason::connect_failed};
        }
        // A certificate does not mend itself.
        if (!facts.may_wait || rules.extra_tries == 0 || is_failed_handshake(facts.why)) return {};
        return {.where = retry_at::later, .reason = retry_reason::connect_failed, .counts = false};
    }
    if (lost(facts.why) && facts.request_unseen) {
        if (facts.reused_connection && !facts.replaced_before) {
            return {
                .where = retry_at::fresh_connection,
                .reason = retry_reason::not_received,
                .counts = false};
        }
        if (!may_count) return {};
        return {.where = retry_at::other_endpoint, .reason = retry_reason::not_received};
    }
    if (!may_count || !http::is_idempotent(facts.method)) return {};
    retry_verdict again{.where = retry_at::other_endpoint, .repeats = true};
    if (lost(facts.why)) {
        again.reason = retry_reason::connection_lost;
    } else if (facts.why == cause::none && rules.on_status.has(facts.status)) {
        again.reason = retry_reason::status;
    } else {
        return {};
    }
    return again;
}

bool proves_unseen(connection_end const& end) noexcept {
    if (!end.written) return true;
    return end.why == cause::upstream_closed && !end.acknowledged;
}

milliseconds back_off(std::uint32_t retries_before, std::uint32_t random) noexcept {
    constexpr std::uint32_t least = 25;
    constexpr std::uint32_t most = 100;
    if (retries_before == 0) return milliseconds{0};
    return milliseconds{least + random % (most - least + 1)};
}

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
// The rows of the schema about an upstream's attempts; a part of the table in schema.cpp.
#pragma once

#include "settings/schema_parts.hpp"

#include <array>

namespace gateway::settings {

inline constexpr auto attempt_rows = std::to_array<row>({
    {"upstreams.*.retries", section, unbounded, reload::live,
     "When a failed attempt is made again."},
    {"upstreams.*.retries.extra_tries", scalar<count, &upstream::retries, &retries::extra_tries>,
     between(0, 10), reload::live,
     "Attempts after the first, at another endpoint where there is one: after a failed connect for "
     "any method, after a broken connection for idempotent methods. Connections that are refused "
     "at once lead to up to 3 more endpoints, unless this is 0. A pooled connection that was dead "
     "is replaced in any case."},
    {"upstreams.*.retries.on_status",
     list_of<retried_status, &upstream::retries, &retries::on_status>, between(1, 100),
     reload::live, "Statuses such as 503 after which an idempotent request is tried again."},
    {"upstreams.*.retries.replay_buffer", scalar<size, &upstream::retries, &retries::replay_buffer>,
     between(0, 128_KiB), reload::live,
     "How much of a request body is kept while it may have to be sent again; a larger one goes out "
     "once."},
    {"upstreams.*.retries.budget_percent",
     scalar<count, &upstream::retries, &retries::budget_percent>, between(0, 100), reload::live,
     "Of the requests under way on a core, how many per cent may be repeats of requests that the "
     "upstream may have seen."},
    {"upstreams.*.retries.budget_min", scalar<count, &upstream::retries, &retries::budget_min>,
     between(0, 10'000), reload::live, "So many may be repeats in any case, on each core."},
    {"upstreams.*.queue", section, unbounded, reload::live,
     "Requests that wait while no endpoint is available or accepts a connection."},
    {"upstreams.*.queue.requests", scalar<count, &upstream::queue, &queue::requests>,
     between(0, 100'000), reload::live,
     "How many may wait at once, process-wide; 503 beyond it. 0 lets none wait."},
    {"upstreams.*.queue.wait", scalar<duration, &upstream::queue, &queue::wait>,
     between(100ms, 1min), reload::live,
     "How long each waits; then 503, or the 502 or 504 of its last attempt."},
    {"upstreams.*.keep_alive", section, unbounded, reload::live,
     "How long connections to the endpoints are kept."},
    {"upstreams.*.keep_alive.idle", scalar<duration, &upstream::keep_alive, &keep_alive::idle>,
     between(100ms, 1h), reload::live, "In place of `timeouts.upstream_idle`."},
    {"upstreams.*.keep_alive.max_age",
     scalar<duration, &upstream::keep_alive, &keep_alive::max_age>, between(1s, 24h), reload::live,
     "A connection of this age, give or take a fifth, is not used again."},
});

}  // namespace gateway::settings

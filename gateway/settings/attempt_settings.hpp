// SPDX-License-Identifier: Apache-2.0
// What an upstream and a route say of attempts: which are repeated, how long a request waits for an
// endpoint, how long a connection is kept, who else gets a share or a copy of the requests.
#pragma once

#include "base/units.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gateway::settings {

struct retries {
    std::uint32_t extra_tries = 1;         // Attempts after the first.
    std::vector<std::uint16_t> on_status;  // Of a response that is not the last word.
    byte_count replay_buffer{64_KiB};      // Of a body that may have to be sent again.
    std::uint32_t budget_percent = 20;     // Of the active requests that may be repeats.
    std::uint32_t budget_min = 3;          // So many may be in any case, on each core.

    bool operator==(retries const&) const = default;
};

// Where a request waits while no endpoint is available.
struct queue {
    std::uint32_t requests = 200;  // Waiting at once, process-wide; 0 lets none wait.
    milliseconds wait{3'000};

    bool operator==(queue const&) const = default;
};

struct keep_alive {
    std::optional<milliseconds>
        idle;                       // Fixed; without it timeouts.upstream_idle or what is learned.
    milliseconds max_age{300'000};  // Of a connection, give or take a fifth.

    bool operator==(keep_alive const&) const = default;
};

struct mirror {
    std::string upstream;           // Empty: no mirror.
    std::uint32_t percent = 100;    // Of the requests that are copied.
    byte_count body{16_KiB};        // A larger one, or one not yet here, is not copied.
    std::uint32_t in_flight = 100;  // Copies at once, process-wide.

    bool operator==(mirror const&) const = default;
};

}  // namespace gateway::settings

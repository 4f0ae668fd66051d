// SPDX-License-Identifier: Apache-2.0
// What became of the configurations that a running process was given. Written and read on the
// control thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace gateway::observe {

struct reload_counters {
    std::uint64_t generation = 1;  // of the configuration in effect; the one at start is the first
    std::uint64_t adopted = 0;
    std::uint64_t refused = 0;
    bool last_adopted = true;  // what became of the last one; true before there was any
    std::chrono::system_clock::time_point last_adopted_at = std::chrono::system_clock::now();
};

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
// What became of the configuration since the start, for the metrics page. Lives on the control
// thread; whoever reloads writes it.
#pragma once

#include <chrono>
#include <cstdint>

namespace gateway::observe {

struct reload_figures {
    std::uint64_t generation = 1;  // of the configuration that is served; the start's is the first
    std::uint64_t succeeded = 0;   // reloads, the start not among them
    std::uint64_t failed = 0;      // the old configuration went on
    bool last_succeeded = true;
    std::chrono::system_clock::time_point loaded_at = std::chrono::system_clock::now();

    void reloaded(std::chrono::system_clock::time_point now) noexcept {
        ++generation;
        ++succeeded;
        last_succeeded = true;
        loaded_at = now;
    }
    void reload_failed() noexcept {
        ++failed;
        last_succeeded = false;
    }
};

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
// How many requests an endpoint may have in flight, learned from its latency: while answers take
// about as long as the best of late, the limit grows; when they take longer, requests queue in
// there, and it shrinks (the gradient method of Netflix's concurrency-limits).
#pragma once

#include "base/units.hpp"

#include <chrono>
#include <cstdint>

namespace gateway::upstream {

class adaptive_limit {
public:
    static constexpr std::uint32_t least = 4;
    static constexpr std::uint32_t first = 20;
    // Looked at after this long and this many answers.
    static constexpr milliseconds window{100};
    static constexpr std::uint32_t samples_min = 10;
    // The best latency is measured anew this often, or it would be that of a better day.
    static constexpr milliseconds baseline_age_max{60'000};

    // An answer's head came after `latency`, with `in_flight` requests at that endpoint.
    // Returns the limit from now on, at most `most`.
    std::uint32_t observe(
        std::chrono::nanoseconds latency,
        std::uint32_t in_flight,
        std::uint32_t most,
        time_point now) noexcept;

    std::uint32_t limit() const noexcept { return static_cast<std::uint32_t>(limit_); }

private:
    void judge(std::uint32_t most, time_point now) noexcept;

    double limit_ = first;
    double baseline_ = 0;  // ns; 0: none yet
    double next_baseline_ = 0;
    time_point baseline_since_{};
    time_point window_since_{};
    double sum_ = 0;
    std::uint32_t samples_ = 0;
    std::uint32_t busiest_ = 0;
};

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
// An endpoint that has just come, or come back, gets its share little by little: caches are cold,
// code is not compiled yet, pools are empty.
#pragma once

#include "base/units.hpp"
#include "settings/endpoint_settings.hpp"
#include "upstream/candidate.hpp"

#include <algorithm>
#include <cstdint>

namespace gateway::upstream {

// The weight at `now` of one that began at `since`; never 0.
inline std::uint32_t weight_at(
    settings::slow_start const& how,
    std::uint32_t weight,
    time_point since,
    time_point now) noexcept {
    std::uint64_t const full = std::uint64_t{weight} * candidate::whole;
    if (now - since >= how.duration) return static_cast<std::uint32_t>(full);
    auto const passed = static_cast<std::uint64_t>(
        std::max(std::chrono::duration_cast<milliseconds>(now - since), 0ms).count());
    auto const whole = static_cast<std::uint64_t>(how.duration.count());
    std::uint64_t const percent = how.first + (100 - how.first) * passed / whole;
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(full * percent / 100, 1));
}

inline bool is_warm(settings::slow_start const& how, time_point since, time_point now) noexcept {
    return now - since >= how.duration;
}

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
// What the probes of one endpoint amount to, and when the next one is due.
#pragma once

#include "base/units.hpp"
#include "settings/endpoint_settings.hpp"

#include <cstdint>

namespace gateway::upstream {

enum class health : std::uint8_t {
    untested,  // it has not passed yet: no traffic
    healthy,
    unhealthy,
};

enum class flip : std::uint8_t { none, became_healthy, became_unhealthy };

class health_state {
public:
    explicit health_state(settings::health_check const& rules) noexcept : rules_(&rules) {}

    // The result of a probe. Says whether it changed the verdict.
    flip observe(bool passed) noexcept;

    health verdict() const noexcept { return verdict_; }
    std::uint32_t in_a_row() const noexcept { return in_a_row_; }  // results like the last one

    // From the end of a probe to the next. `random` is even in [0, 1): probes of many gateways
    // must not fall together.
    milliseconds next_in(double random) const noexcept;

    // A new endpoint that fails is asked often while it starts, and for no longer than this many
    // times; then it counts as unhealthy.
    static constexpr std::uint32_t first_tries_max = 40;

private:
    settings::health_check const* rules_;
    health verdict_ = health::untested;
    bool last_passed_ = false;
    bool fell_ = false;
    std::uint32_t in_a_row_ = 0;
};

}  // namespace gateway::upstream

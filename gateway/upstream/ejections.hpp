// SPDX-License-Identifier: Apache-2.0
// Which endpoints of one upstream are ejected, and until when. One for the process: cores ask, it
// decides, so that no two of them eject the last two endpoints at the same time.
#pragma once

#include "base/units.hpp"
#include "settings/endpoint_settings.hpp"

#include <cstddef>
#include <cstdint>

namespace gateway::upstream {

// Of one endpoint.
struct ejection_record {
    bool ejected = false;
    time_point until{};
    std::uint32_t times = 0;  // how often lately; forgotten one by one
    time_point settled_at{};  // since when it has been good, for forgetting
};

enum class ejection_answer : std::uint8_t { ejected, already, last_one, share_reached };

class ejections {
public:
    explicit ejections(settings::ejection const& rules) noexcept : rules_(&rules) {}

    // `others_available` are the endpoints that could take its requests; `ejected` of `total`, this
    // one included, are ejected already.
    ejection_answer eject(
        ejection_record& of,
        std::size_t others_available,
        std::size_t ejected,
        std::size_t total,
        time_point now) const noexcept;

    // True when the endpoint returns at `now`. To be called now and then.
    bool returns(ejection_record& of, time_point now) const noexcept;
    // It returns at once: nobody else is left.
    void pardon(ejection_record& of, time_point now) const noexcept;

private:
    settings::ejection const* rules_;
};

}  // namespace gateway::upstream

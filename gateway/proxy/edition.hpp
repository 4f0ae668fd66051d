// SPDX-License-Identifier: Apache-2.0
// One configuration as the control thread hands it to the cores: the settings, and the numbers by
// which routes and upstreams are known between threads and in counters. A name keeps its number for
// the life of the process, so that its series go on over every reload.
#pragma once

#include "settings/settings.hpp"

#include <cstdint>
#include <vector>

namespace gateway::proxy {

struct edition {
    settings::snapshot settings;
    std::vector<std::uint32_t> route_numbers;     // by place in settings.routes
    std::vector<std::uint32_t> upstream_numbers;  // by place in settings.upstreams
};

// The first one: each number is its place.
inline edition first_edition(settings::snapshot const& wanted) {
    edition made{wanted, {}, {}};
    for (std::uint32_t i = 0; i < wanted.routes.size(); ++i) made.route_numbers.push_back(i);
    for (std::uint32_t i = 0; i < wanted.upstreams.size(); ++i) made.upstream_numbers.push_back(i);
    return made;
}

}  // namespace gateway::proxy

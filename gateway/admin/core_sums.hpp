// SPDX-License-Identifier: Apache-2.0
// What all cores have counted together.
#pragma once

#include "admin/metrics_builder.hpp"
#include "observe/traffic_counters.hpp"

#include <functional>
#include <vector>

namespace gateway::admin {

using core_counters = std::vector<observe::traffic_counters const*>;

// `read` gives one core's figure.
template <class Read>
double sum(core_counters const& all, Read read) {
    double total = 0;
    for (auto const* core : all) total += as_double(std::invoke(read, *core));
    return total;
}

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
// Tunnels, how drains ended them, and signs of life in quiet streams.
#pragma once

#include "admin/metrics_builder.hpp"
#include "observe/traffic_counters.hpp"

#include <vector>

namespace gateway::admin {

void add_tunnels(page& to, std::vector<observe::traffic_counters const*> const& cores);

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
// The series about attempts: repeats, waits for an endpoint, copies, and what was learned.
#pragma once

#include "admin/metrics_builder.hpp"
#include "observe/traffic_counters.hpp"

#include <vector>

namespace gateway::admin {

void add_attempts(
    page& to,
    std::vector<observe::traffic_counters const*> const& cores,
    observe::traffic_names const& names);

}  // namespace gateway::admin

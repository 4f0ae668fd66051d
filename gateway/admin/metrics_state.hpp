// SPDX-License-Identifier: Apache-2.0
// The series about the process as a whole: its requests by phase, its limits, its configuration and
// where it runs.
#pragma once

#include "admin/metrics_builder.hpp"
#include "admin/metrics_page.hpp"
#include "observe/reload_figures.hpp"
#include "observe/traffic_counters.hpp"

#include <vector>

namespace gateway::admin {

void add_phases(page& to, std::vector<observe::traffic_counters const*> const& cores);
void add_limits(page& to, page_facts const& facts);
void add_configuration(page& to, observe::reload_figures const& reloads);
void add_identity(page& to, target_identity const& who);

}  // namespace gateway::admin

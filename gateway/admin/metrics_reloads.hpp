// SPDX-License-Identifier: Apache-2.0
// The families about the configuration and its reloads.
#pragma once

#include "admin/metrics_builder.hpp"
#include "observe/reload_counters.hpp"

namespace gateway::admin {

void add_reloads(page& to, observe::reload_counters const& from);

}  // namespace gateway::admin

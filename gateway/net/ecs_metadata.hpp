// SPDX-License-Identifier: Apache-2.0
// The CPU limit of an ECS task. On Fargate no cgroup file inside the container shows it, but the
// task metadata endpoint (version 4) does.
#pragma once

#include "base/units.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gateway::net {

// `Limits.CPU` of a task description, in CPUs; nothing when it is missing or not a number.
std::optional<double> parse_task_cpus(std::string_view json);

// Asks `uri` + "/task" (the value of ECS_CONTAINER_METADATA_URI_V4, "http://169.254.170.2/v4/...").
// Blocks for `limit` at most; for start-up only. Nothing on any failure.
std::optional<double> task_cpus(std::string const& uri, milliseconds limit);

}  // namespace gateway::net

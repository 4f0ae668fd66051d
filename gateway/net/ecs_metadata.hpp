// SPDX-License-Identifier: Apache-2.0
// The limits of an ECS task, and which task this is. On Fargate no cgroup file inside the container
// shows the limits, but the task metadata endpoint (version 4) does.
#pragma once

#include "base/units.hpp"
#include "observe/task_identity.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gateway::net {

struct task_limits {
    std::optional<double> cpus;
    std::optional<byte_count> memory;
    std::string zone{};  // empty: not told
    observe::task_identity who{};
};

// `Limits.CPU` (CPUs) and `Limits.Memory` (MiB) of a task description, where they are numbers, and
// its `AvailabilityZone`; `who` is what it says of cluster, service, family, revision and task.
task_limits parse_task_limits(std::string_view json);

// Asks `uri` + "/task" (the value of ECS_CONTAINER_METADATA_URI_V4, "http://169.254.170.2/v4/...").
// Blocks for `limit` at most; for start-up only. Empty on any failure.
task_limits ask_task_limits(std::string const& uri, milliseconds limit);

}  // namespace gateway::net

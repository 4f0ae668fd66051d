// SPDX-License-Identifier: Apache-2.0
// Where this process runs, as far as its platform says. For the log, the metrics and whoever reads
// both. What is not known is empty.
#pragma once

#include <string>

namespace gateway::observe {

struct task_identity {
    std::string cluster;   // its name
    std::string service;   // of ECS; the task's family when no service started it
    std::string family;    // of the task definition
    std::string revision;  // of the task definition
    std::string task;      // its ID
    std::string zone;      // "eu-central-1a"

    bool known() const noexcept { return !task.empty() || !family.empty() || !cluster.empty(); }
    bool operator==(task_identity const&) const = default;
};

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
#include "app/machine_share.hpp"

#include "net/ecs_metadata.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/cpu_quota.hpp"

#include <cstdlib>
#include <optional>
#include <utility>

namespace gateway::app {
namespace {

std::string zone_as_told(settings::snapshot const& wanted) {
    if (!wanted.runtime.zone.empty()) return wanted.runtime.zone;
    char const* const told = std::getenv("AWS_AVAILABILITY_ZONE");
    return told != nullptr ? told : "";
}

}  // namespace

machine_share find_share(settings::snapshot const& wanted) {
    std::optional<double> cpus = runtime::cgroup_cpus(runtime::read_file);
    byte_count const memory = wanted.limits.memory;
    runtime::memory_gauge gauge{memory, runtime::physical_memory(), runtime::read_file};
    std::string zone = zone_as_told(wanted);
    observe::task_identity who;
    char const* const task = std::getenv("ECS_CONTAINER_METADATA_URI_V4");
    if (task != nullptr) {
        net::task_limits const limits = net::ask_task_limits(task, 500ms);
        if (!cpus) cpus = limits.cpus;
        if (zone.empty()) zone = limits.zone;
        who = limits.who;
        if (gauge.source() == "fallback" && limits.memory) {
            gauge = runtime::memory_gauge{0, *limits.memory, runtime::read_file};
        }
    }
    unsigned const threads = wanted.runtime.threads != 0
                                 ? wanted.runtime.threads
                                 : runtime::threads_for(cpus, runtime::schedulable_cpus());
    return {threads, std::move(gauge), std::move(zone), std::move(who)};
}

}  // namespace gateway::app

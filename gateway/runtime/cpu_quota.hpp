// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may use. The host's core count is the wrong answer in a container: a
// quarter of a CPU on a 64-core host would get 64 threads.
#pragma once

#include "runtime/cgroup.hpp"

#include <optional>
#include <string_view>

namespace gateway::runtime {

// "200000 100000" is 2 CPUs; "max 100000" is no limit (cgroup v2 cpu.max).
std::optional<double> parse_cpu_max(std::string_view text);

// The smallest quota on this process's way up the cgroup tree, v2 or v1; nothing when there is
// none.
std::optional<double> cgroup_cpus(file_reader const& read);

// Threads for a quota: rounded up, at least 1, at most `available` (the CPUs we may be scheduled
// on).
unsigned threads_for(std::optional<double> cpus, unsigned available);
unsigned schedulable_cpus();

}  // namespace gateway::runtime

// SPDX-License-Identifier: Apache-2.0
// Where this process stands in the kernel's control groups, cgroups(7).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::runtime {

// Reads a small file whole; nothing when it cannot be read. A parameter, so that tests need no
// cgroup.
using file_reader = std::function<std::optional<std::string>(std::string const& path)>;
std::optional<std::string> read_file(std::string const& path);

// Folders of the groups that hold this process, its own first, then all above it. In a container's
// own namespace only the root exists.
struct cgroup_folders {
    std::vector<std::string> v2;         // of the unified hierarchy
    std::vector<std::string> v1_cpu;     // of the cpu controller
    std::vector<std::string> v1_memory;  // of the memory controller
};
cgroup_folders find_cgroups(file_reader const& read);

}  // namespace gateway::runtime

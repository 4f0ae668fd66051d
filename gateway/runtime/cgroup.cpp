// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>

namespace gateway::runtime {
namespace {

struct membership {
    std::string v2;  // path below the unified hierarchy
    std::string v1_cpu;
    std::string v1_memory;
};

bool names(std::string_view controllers, std::string_view wanted) {
    while (!controllers.empty()) {
        std::string_view const one = controllers.substr(0, controllers.find(','));
        if (one == wanted) return true;
        controllers.remove_prefix(std::min(controllers.size(), one.size() + 1));
    }
    return false;
}

// Lines "0::/path" (v2) and "4:cpu,cpuacct:/path" (v1), see cgroups(7).
membership parse_membership(std::string_view text) {
    membership out;
    while (!text.empty()) {
        std::string_view const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        std::size_t const first = line.find(':');
        std::size_t const second = line.find(':', first + 1);
        if (first == line.npos || second == line.npos) continue;
        std::string_view const controllers = line.substr(first + 1, second - first - 1);
        std::string_view const path = line.substr(second + 1);
        if (controllers.empty()) out.v2 = path;
        if (names(controllers, "cpu")) out.v1_cpu = path;
        if (names(controllers, "memory")) out.v1_memory = path;
    }
    return out;
}

std::vector<std::string> way_up(std::string path, std::initializer_list<char const*> roots) {
    std::vector<std::string> groups;
    while (!path.empty() && path != "/") {
        groups.push_back(path);
        path.resize(path.rfind('/'));
    }
    groups.emplace_back();
    std::vector<std::string> folders;
    for (std::string const& group : groups) {
        for (char const* root : roots) folders.push_back(root + group);
    }
    return folders;
}

}  // namespace

std::optional<std::string> read_file(std::string const& path) {
    std::ifstream in(path);
    if (!in) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

cgroup_folders find_cgroups(file_reader const& read) {
    membership const ours = parse_membership(read("/proc/self/cgroup").value_or(""));
    return {
        way_up(ours.v2, {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}),
        way_up(ours.v1_cpu, {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}),
        way_up(ours.v1_memory, {"/sys/fs/cgroup/memory"})};
}

}  // namespace gateway::runtime

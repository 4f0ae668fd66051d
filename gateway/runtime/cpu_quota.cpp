// SPDX-License-Identifier: Apache-2.0
#include "runtime/cpu_quota.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace gateway::runtime {
namespace {

std::optional<double> number(std::string_view text) {
    double value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

std::optional<double> quotient(std::optional<double> quota, std::optional<double> period) {
    if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
    return *quota / *period;
}

struct membership {
    std::string v2;  // path below the unified hierarchy
    std::string v1;  // path below the cpu controller
};

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
        if (controllers == "cpu" || controllers.starts_with("cpu,") ||
            controllers.ends_with(",cpu")) {
            out.v1 = path;
        }
    }
    return out;
}

// The group itself and all above it. In a container's own namespace only "/" exists.
std::vector<std::string> way_up(std::string path) {
    std::vector<std::string> all;
    while (!path.empty() && path != "/") {
        all.push_back(path);
        path.resize(path.rfind('/'));
    }
    all.emplace_back();
    return all;
}

}  // namespace

std::optional<std::string> read_file(std::string const& path) {
    std::ifstream in(path);
    if (!in) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

std::optional<double> parse_cpu_max(std::string_view text) {
    std::size_t const space = text.find(' ');
    if (space == text.npos) return std::nullopt;
    return quotient(number(text.substr(0, space)), number(text.substr(space + 1)));
}

std::optional<double> cgroup_cpus(file_reader const& read) {
    membership const ours = parse_membership(read("/proc/self/cgroup").value_or(""));
    std::optional<double> least;
    auto const consider = [&](std::optional<double> cpus) {
        if (cpus && (!least || *cpus < *least)) least = cpus;
    };
    for (std::string const& group : way_up(ours.v2)) {
        for (char const* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
            if (auto const text = read(root + group + "/cpu.max")) consider(parse_cpu_max(*text));
        }
    }
    for (std::string const& group : way_up(ours.v1)) {
        for (char const* root : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
            auto const quota = read(root + group + "/cpu.cfs_quota_us");
            auto const period = read(root + group + "/cpu.cfs_period_us");
            if (quota && period) consider(quotient(number(*quota), number(*period)));
        }
    }
    return least;
}

unsigned threads_for(std::optional<double> cpus, unsigned available) {
    available = std::max(1U, available);
    if (!cpus) return available;
    return std::clamp(static_cast<unsigned>(std::ceil(*cpus)), 1U, available);
}

unsigned schedulable_cpus() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        return static_cast<unsigned>(CPU_COUNT(&allowed));
    }
    return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace gateway::runtime

// SPDX-License-Identifier: Apache-2.0
#include "runtime/cpu_quota.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <thread>

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

}  // namespace

std::optional<double> parse_cpu_max(std::string_view text) {
    std::size_t const space = text.find(' ');
    if (space == text.npos) return std::nullopt;
    return quotient(number(text.substr(0, space)), number(text.substr(space + 1)));
}

std::optional<double> cgroup_cpus(file_reader const& read) {
    cgroup_folders const ours = find_cgroups(read);
    std::optional<double> least;
    auto const consider = [&](std::optional<double> cpus) {
        if (cpus && (!least || *cpus < *least)) least = cpus;
    };
    for (std::string const& group : ours.v2) {
        if (auto const text = read(group + "/cpu.max")) consider(parse_cpu_max(*text));
    }
    for (std::string const& group : ours.v1_cpu) {
        auto const quota = read(group + "/cpu.cfs_quota_us");
        auto const period = read(group + "/cpu.cfs_period_us");
        if (quota && period) consider(quotient(number(*quota), number(*period)));
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

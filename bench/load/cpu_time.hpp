// SPDX-License-Identifier: Apache-2.0
// CPU time of processes, in nanoseconds, as the scheduler counts it. Work done for a process in
// soft interrupts is in it, unless the kernel was built with CONFIG_IRQ_TIME_ACCOUNTING.
#pragma once

#include "loopback.hpp"

#include <dirent.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace gateway::bench {

// First field of a schedstat file: time on the CPU. 0 when the thread is gone.
inline std::uint64_t cpu_ns_of_file(std::string const& path) {
    std::FILE* const file = std::fopen(path.c_str(), "re");
    if (!file) return 0;
    unsigned long long ns = 0;
    if (std::fscanf(file, "%llu", &ns) != 1) ns = 0;
    std::fclose(file);
    return ns;
}

// Sum over the process's threads that live now: /proc/PID/schedstat is the first thread's only.
inline std::uint64_t cpu_ns_of_process(std::string const& pid) {
    std::string const folder = "/proc/" + pid + "/task";
    DIR* const tasks = opendir(folder.c_str());
    if (!tasks) fail(folder.c_str());
    std::uint64_t sum = 0;
    while (dirent const* const task = readdir(tasks)) {
        if (task->d_name[0] == '.') continue;
        sum += cpu_ns_of_file(folder + "/" + task->d_name + "/schedstat");
    }
    closedir(tasks);
    return sum;
}

// A named group of processes, from "name=PID,PID".
class watched_group {
public:
    explicit watched_group(std::string const& text) {
        auto const equals = text.find('=');
        if (equals == std::string::npos) fail_usage("--watch takes name=PID,PID");
        name = text.substr(0, equals);
        for (auto begin = equals + 1; begin < text.size();) {
            auto const end = std::min(text.find(',', begin), text.size());
            pids_.push_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
    }

    std::uint64_t cpu_ns() const {
        std::uint64_t sum = 0;
        for (auto const& pid : pids_) sum += cpu_ns_of_process(pid);
        return sum;
    }

    std::string name;

private:
    std::vector<std::string> pids_;
};

}  // namespace gateway::bench

// SPDX-License-Identifier: Apache-2.0
#include "admin/process_figures.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace gateway::admin {
namespace {

double seconds_of(timespec const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds_of(clockid_t clock) {
    timespec now{};
    return clock_gettime(clock, &now) == 0 ? seconds_of(now) : 0;
}

std::uint64_t count_open_descriptors() {
    struct closer {
        void operator()(DIR* directory) const noexcept { closedir(directory); }
    };
    std::unique_ptr<DIR, closer> const directory{opendir("/proc/self/fd")};
    if (!directory) return 0;
    std::uint64_t entries = 0;
    while (readdir(directory.get()) != nullptr) ++entries;
    return entries - 3;  // ".", ".." and the descriptor of this very directory
}

// Fields of /proc/self/stat by their numbers in proc(5). The second, the program's name, may itself
// hold spaces and parentheses, so counting starts behind its last one.
void read_stat(process_figures& figures) {
    std::ifstream file{"/proc/self/stat"};
    std::string line;
    std::getline(file, line);
    auto const name_end = line.rfind(')');
    if (name_end == std::string::npos) return;
    std::istringstream fields{line.substr(name_end + 1)};
    std::string field;
    for (int number = 3; fields >> field; ++number) {
        if (number == 20) figures.threads = std::stoull(field);
        if (number == 22) {
            auto const after_boot = std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
            auto const boot = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
            figures.start_time_seconds = boot + after_boot;
        }
        if (number == 23) figures.virtual_memory_bytes = std::stoull(field);
        if (number == 24) {
            figures.resident_memory_bytes =
                std::stoull(field) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
            return;
        }
    }
}

}  // namespace

process_figures read_process_figures() {
    process_figures figures;
    figures.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    figures.open_fds = count_open_descriptors();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_fds = limit.rlim_cur;
    read_stat(figures);
    return figures;
}

}  // namespace gateway::admin

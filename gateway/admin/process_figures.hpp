// SPDX-License-Identifier: Apache-2.0
// What the kernel says about this process (Linux, /proc).
#pragma once

#include <cstdint>

namespace gateway::admin {

// A figure that the kernel does not show is 0.
struct process_figures {
    double cpu_seconds = 0;
    double start_time_seconds = 0;  // since the epoch
    std::uint64_t resident_memory_bytes = 0;
    std::uint64_t virtual_memory_bytes = 0;
    std::uint64_t open_fds = 0;
    std::uint64_t max_fds = 0;
    std::uint64_t threads = 0;
};

// Reads a few files and one directory entry for each open descriptor; for the control thread only.
process_figures read_process_figures();

}  // namespace gateway::admin

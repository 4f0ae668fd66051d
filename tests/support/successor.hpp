// SPDX-License-Identifier: Apache-2.0
// The process that takes over from a gateway: not a child of the test, yet to be ended by it.
#pragma once

#include "support/gateway_process.hpp"

#include <sys/types.h>

#include <cstddef>

namespace gateway::support {

// Declare it right behind the gateway: whatever took over ends before the test does.
class successors {
public:
    explicit successors(gateway_process& first);
    ~successors();
    successors(successors const&) = delete;
    successors& operator=(successors const&) = delete;

    // The number of the `nth` process that has taken over, the first is 1. Waits for it.
    pid_t wait_for(std::size_t nth) const;
    // Ends the last of them, waits for the end of all, and returns the last one's exit code.
    int wait_exit();

private:
    std::vector<pid_t> known() const;

    gateway_process& first_;
    bool ended_ = false;
};

}  // namespace gateway::support

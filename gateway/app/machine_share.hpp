// SPDX-License-Identifier: Apache-2.0
// What the container may use, and who it is.
#pragma once

#include "observe/task_identity.hpp"
#include "runtime/memory_limit.hpp"
#include "settings/settings.hpp"

#include <string>

namespace gateway::app {

// As far as it can be found out.
struct machine_share {
    unsigned threads;
    runtime::memory_gauge memory;
    std::string zone;  // empty: not known
    observe::task_identity who;
};

machine_share find_share(settings::snapshot const& wanted);

}  // namespace gateway::app

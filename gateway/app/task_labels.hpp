// SPDX-License-Identifier: Apache-2.0
// What the platform says of this task, for the metrics and for the log.
#pragma once

#include "admin/metrics_page.hpp"
#include "observe/task_identity.hpp"

namespace gateway::app {

// Labels of target_info; none when nothing is known.
admin::target_identity labels_of(observe::task_identity const& who);

// One line in the log, when anything is known.
void log_identity(observe::task_identity const& who);

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
#include "app/task_labels.hpp"

#include "observe/log.hpp"

#include <vector>

namespace gateway::app {

// In the words of OpenTelemetry's conventions, dots apart.
admin::target_identity labels_of(observe::task_identity const& who) {
    if (!who.known()) return {};
    admin::target_identity labels{
        {"service_name", who.service},
        {"service_instance_id", who.task},
        {"cloud_provider", "aws"},
        {"cloud_platform", "aws_ecs"},
        {"cloud_availability_zone", who.zone},
        {"aws_ecs_cluster_name", who.cluster},
        {"aws_ecs_task_id", who.task},
        {"aws_ecs_task_family", who.family},
        {"aws_ecs_task_revision", who.revision}};
    std::erase_if(labels, [](auto const& each) { return each.second.empty(); });
    return labels;
}

void log_identity(observe::task_identity const& who) {
    if (!who.known()) return;
    observe::log_info(
        "task {} of service {} in cluster {}, zone {}", who.task, who.service, who.cluster,
        who.zone.empty() ? "not known" : who.zone);
}

}  // namespace gateway::app

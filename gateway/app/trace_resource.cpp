// SPDX-License-Identifier: Apache-2.0
#include "app/trace_resource.hpp"

#include <unistd.h>

#include <vector>

namespace gateway::app {

observe::otlp_batch::attributes trace_resource(
    std::string_view version, std::string const& zone, observe::task_identity const& who) {
    observe::otlp_batch::attributes found{
        {"service.version", std::string{version}},
        {"service.instance.id", who.task},
        {"cloud.provider", who.known() ? "aws" : ""},
        {"cloud.platform", who.known() ? "aws_ecs" : ""},
        {"cloud.availability_zone", zone},
        {"aws.ecs.cluster.name", who.cluster},
        {"aws.ecs.task.id", who.task},
        {"aws.ecs.task.family", who.family},
        {"aws.ecs.task.revision", who.revision}};
    char host[256]{};
    if (::gethostname(host, sizeof host - 1) == 0) found.emplace_back("host.name", host);
    std::erase_if(found, [](auto const& each) { return each.second.empty(); });
    return found;
}

}  // namespace gateway::app

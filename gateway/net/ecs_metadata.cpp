// SPDX-License-Identifier: Apache-2.0
#include "net/ecs_metadata.hpp"

#include "net/plain_get.hpp"
#include "net/shallow_json.hpp"

#include <boost/property_tree/ptree.hpp>

namespace gateway::net {
namespace {

// Of an ARN, or of a name, what stands behind its last slash.
std::string short_name(std::string const& name) {
    auto const slash = name.rfind('/');
    return slash == std::string::npos ? name : name.substr(slash + 1);
}

}  // namespace

task_limits parse_task_limits(std::string_view json) {
    task_limits found;
    auto const tree = read_shallow_json(json);
    if (!tree) return found;  // as good as no answer
    auto const cpus = tree->get_optional<double>("Limits.CPU");
    if (cpus && *cpus > 0) found.cpus = *cpus;
    auto const mebibytes = tree->get_optional<double>("Limits.Memory");
    if (mebibytes && *mebibytes >= 1 && *mebibytes < 1e9) {
        found.memory = static_cast<byte_count>(*mebibytes) * 1_MiB;
    }
    found.zone = tree->get<std::string>("AvailabilityZone", "");
    found.who.cluster = short_name(tree->get<std::string>("Cluster", ""));
    found.who.family = tree->get<std::string>("Family", "");
    found.who.revision = tree->get<std::string>("Revision", "");
    found.who.service = tree->get<std::string>("ServiceName", found.who.family);
    found.who.task = short_name(tree->get<std::string>("TaskARN", ""));
    found.who.zone = found.zone;
    return found;
}

task_limits ask_task_limits(std::string const& uri, milliseconds limit) {
    plain_answer const answer = plain_get(uri + "/task", limit);
    if (answer.status == 0) return {};
    return parse_task_limits(answer.body);
}

}  // namespace gateway::net

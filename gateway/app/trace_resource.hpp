// SPDX-License-Identifier: Apache-2.0
// What spans say of the process they come from.
#pragma once

#include "observe/otlp_json.hpp"
#include "observe/task_identity.hpp"

#include <string>
#include <string_view>

namespace gateway::app {

// Attributes of the resource in the words of OpenTelemetry's conventions.
observe::otlp_batch::attributes trace_resource(
    std::string_view version, std::string const& zone, observe::task_identity const& who);

}  // namespace gateway::app

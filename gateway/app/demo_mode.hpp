// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/command_line.hpp"

namespace gateway::app {

// `gateway demo`: the default configuration in front of the two embedded origins, which are reached
// over loopback TCP like any upstream. Returns the exit code.
int run_demo(command const& wanted);

// `gateway demo --origins-only`: one of the two alone, on the address of --listen, until it is told
// to stop. Returns the exit code.
int run_origin(command const& wanted);

}  // namespace gateway::app

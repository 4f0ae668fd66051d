// SPDX-License-Identifier: Apache-2.0
// `gateway healthcheck`: a container has no curl to ask with.
#pragma once

#include "app/command_line.hpp"

#include <string>

namespace gateway::app {

// Where a gateway with this admin address can be asked from the same machine: an address that means
// all interfaces is asked on loopback. Empty for port 0, which nobody can know.
std::string admin_url(settings::host_port const& admin, std::string_view path);

// Asks the gateway that runs with the same configuration and environment, or at --url. Says the
// answer on stdout, or on stderr what is wrong. Returns the exit code: 0 or 1, never another, as
// Docker reserves those.
int check_health(command const& wanted);

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// The `tests` of a configuration: each request goes through its routes, and what differs from what
// is expected is a problem at its place in the file.
#pragma once

#include "settings/load.hpp"

#include <vector>

namespace gateway::app {

// Of a configuration without problems.
std::vector<settings::problem> failed_tests(settings::loaded const& of);

}  // namespace gateway::app

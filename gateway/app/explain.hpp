// SPDX-License-Identifier: Apache-2.0
// `gateway explain GET http://host/api/x`: where a request would go, what would be sent, which
// limits hold, and which line of the file says so.
#pragma once

#include "app/route_preview.hpp"
#include "settings/load.hpp"

#include <string>

namespace gateway::app {

// Lines for a person. `of` is a configuration without problems.
std::string explanation(settings::loaded const& of, asked_request const& what);

}  // namespace gateway::app

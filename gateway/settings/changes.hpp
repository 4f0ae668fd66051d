// SPDX-License-Identifier: Apache-2.0
// What a new configuration changes of the one in effect.
#pragma once

#include "settings/settings.hpp"

#include <string>
#include <vector>

namespace gateway::settings {

// The keys whose values differ and that take a new process, by the schema's word.
std::vector<std::string> restart_keys_changed(snapshot const& running, snapshot const& wanted);

// Gives those keys the values they have in `running`, so that `wanted` says what will be in effect.
void keep_restart_values(snapshot const& running, snapshot& wanted);

// "routes: 2 new (a, b), 1 gone (c), 3 changed; timeouts changed"; "nothing changed" without any.
std::string describe_changes(snapshot const& before, snapshot const& after);

}  // namespace gateway::settings

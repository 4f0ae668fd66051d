// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings/settings.hpp"

#include <string>

namespace gateway::settings {

// All settings that are in effect, defaults included, as a configuration file. Without anything
// masked it would load as the same settings. Header values and what the schema calls secret are
// shown as "***".
std::string effective_text(snapshot const& all);

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
// Advice on configurations that are well-formed and will not do what their author wants. Each says
// what goes wrong and how to mend it; none keeps the gateway from running.
#pragma once

#include "settings/load.hpp"

#include <string>
#include <vector>

namespace gateway::app {

struct advice {
    std::string key;
    std::string what;
    std::string mend;
    settings::key_place at{};
};

// In the order of the file. `of` is one without problems.
std::vector<advice> lint(settings::loaded const& of);

// "gateway.yaml:12:7: warning: timeouts.drain: ...; ..."
std::string to_text(std::string const& file, advice const& one);

}  // namespace gateway::app

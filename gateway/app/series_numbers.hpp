// SPDX-License-Identifier: Apache-2.0
// Which number each route and each upstream has, by its name. A name keeps its number for the life
// of the process: counters go on where they were when a name comes back.
#pragma once

#include "observe/traffic_counters.hpp"
#include "proxy/edition.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace gateway::app {

class series_numbers {
public:
    explicit series_numbers(settings::snapshot const& first);

    // Numbers for new names. Nothing when the process has seen more names than it can count.
    std::optional<proxy::edition> number(settings::snapshot const& wanted);

    observe::traffic_names const& names() const noexcept { return names_; }

private:
    using numbered = std::unordered_map<std::string, std::uint32_t>;

    numbered routes_;
    numbered upstreams_;
    observe::traffic_names names_;
};

}  // namespace gateway::app

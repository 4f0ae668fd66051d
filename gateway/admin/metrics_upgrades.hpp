// SPDX-License-Identifier: Apache-2.0
// Upgrades of the running program that came to nothing. One that succeeds ends this process.
#pragma once

#include "admin/metrics_builder.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::admin {

// By reason.
void add_upgrades(page& to, std::vector<std::pair<std::string_view, std::uint64_t>> const& failed);

}  // namespace gateway::admin

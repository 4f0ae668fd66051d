// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_upgrades.hpp"

#include <string>

namespace gateway::admin {

void add_upgrades(page& to, std::vector<std::pair<std::string_view, std::uint64_t>> const& failed) {
    auto& family = to.family(
        "gateway_upgrades_failed_total",
        "Upgrades of the running program after which the old process went on, by reason.",
        prometheus::MetricType::Counter);
    for (auto const& [reason, count] : failed) {
        family.metric.push_back(page::sample({{"reason", std::string{reason}}}, as_double(count)));
    }
}

}  // namespace gateway::admin

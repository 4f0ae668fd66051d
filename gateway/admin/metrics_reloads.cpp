// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_reloads.hpp"

#include <chrono>

namespace gateway::admin {

void add_reloads(page& to, observe::reload_counters const& from) {
    to.gauge(
        "gateway_config_generation",
        "Which configuration is in effect: 1 is that of the start, each reload counts up.",
        as_double(from.generation));
    to.gauge(
        "gateway_config_last_reload_successful",
        "0 when the last configuration was refused and an older one stays in effect.",
        from.last_adopted ? 1 : 0);
    to.gauge(
        "gateway_config_last_reload_success_timestamp_seconds",
        "When the configuration in effect was loaded, since the epoch.",
        std::chrono::duration<double>(from.last_adopted_at.time_since_epoch()).count());
    auto& family = to.family(
        "gateway_config_reloads_total", "Reloads, by what became of them.",
        prometheus::MetricType::Counter);
    family.metric.push_back(page::sample({{"result", "adopted"}}, as_double(from.adopted)));
    family.metric.push_back(page::sample({{"result", "refused"}}, as_double(from.refused)));
}

}  // namespace gateway::admin

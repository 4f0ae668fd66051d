// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_state.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace gateway::admin {

using prometheus::MetricType;

// The oldest is known as of its core's last tick, a tenth of a second ago at most.
void add_phases(page& to, std::vector<observe::traffic_counters const*> const& cores) {
    auto& counts = to.family(
        "gateway_inflight_requests", "Requests now, by what they wait for.", MetricType::Gauge);
    auto& ages = to.family(
        "gateway_inflight_oldest_seconds",
        "For how long the first of them has waited for it; 0 when there is none.",
        MetricType::Gauge);
    auto const now = clock::now();
    for (std::size_t i = 0; i < observe::phase_count; ++i) {
        auto const which = static_cast<observe::phase>(i);
        std::int64_t requests = 0;
        std::int64_t oldest = observe::phase_board::nobody;
        for (auto const* core : cores) {
            requests += core->phases.count(which);
            oldest = std::min(oldest, core->phases.oldest_since(which));
        }
        std::string const word{word_of(which)};
        counts.metric.push_back(page::sample({{"phase", word}}, as_double(requests)));
        std::chrono::duration<double> age{0};
        if (oldest != observe::phase_board::nobody) {
            age = std::max(now - time_point{clock::duration{oldest}}, clock::duration::zero());
        }
        ages.metric.push_back(page::sample({{"phase", word}}, age.count()));
    }
}

void add_limits(page& to, page_facts const& facts) {
    if (facts.connections_limit != 0) {
        to.gauge(
            "gateway_connections_limit", "Client connections there may be (limits.connections).",
            as_double(facts.connections_limit));
    }
    auto& queues = to.family(
        "gateway_upstream_queue_limit",
        "Requests that may wait for an available endpoint (queue.requests).", MetricType::Gauge);
    for (auto const& [upstream, most] : facts.queue_limits) {
        queues.metric.push_back(page::sample({{"upstream", upstream}}, as_double(most)));
    }
}

void add_configuration(page& to, observe::reload_figures const& reloads) {
    using seconds = std::chrono::duration<double>;
    to.gauge(
        "gateway_config_generation", "Which configuration is served; the first is 1.",
        as_double(reloads.generation));
    to.gauge(
        "gateway_config_last_reload_successful",
        "0 when the last reload failed and the configuration before it is still served.",
        reloads.last_succeeded ? 1 : 0);
    to.gauge(
        "gateway_config_last_reload_success_timestamp_seconds",
        "When the served configuration was loaded.",
        std::chrono::duration_cast<seconds>(reloads.loaded_at.time_since_epoch()).count());
    auto& family = to.family(
        "gateway_config_reloads_total", "Reloads of the configuration, by how they ended.",
        MetricType::Counter);
    family.metric.push_back(page::sample({{"result", "success"}}, as_double(reloads.succeeded)));
    family.metric.push_back(page::sample({{"result", "failure"}}, as_double(reloads.failed)));
}

void add_identity(page& to, target_identity const& who) {
    if (who.empty()) return;
    metric_labels by;
    for (auto const& [name, value] : who) by.push_back({name, value});
    to.family("target_info", "Always 1; the labels say where this runs.", MetricType::Gauge)
        .metric.push_back(page::sample(std::move(by), 1));
}

}  // namespace gateway::admin

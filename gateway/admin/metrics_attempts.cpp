// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_attempts.hpp"

#include "admin/core_sums.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace gateway::admin {
namespace {

using observe::traffic_counters;
using prometheus::MetricType;

// One series for each upstream and value of a closed set.
template <class Value, std::size_t Count>
void add_by(
    page& to,
    char const* name,
    char const* help,
    char const* label,
    core_counters const& all,
    observe::traffic_names const& names,
    std::array<gateway::counter, Count> observe::upstream_counters::*counters,
    std::size_t first) {
    auto& family = to.family(name, help, MetricType::Counter);
    for (std::size_t i = 0; i < names.upstreams.size(); ++i) {
        for (std::size_t n = first; n < Count; ++n) {
            std::string const word{word_of(static_cast<Value>(n))};
            family.metric.push_back(page::sample(
                {{"upstream", names.upstreams[i]}, {label, word}},
                sum(all, [&](traffic_counters const& core) {
                    return (core.upstream(i).*counters)[n].value();
                })));
        }
    }
}

}  // namespace

void add_attempts(page& to, core_counters const& all, observe::traffic_names const& names) {
    using observe::upstream_counters;
    add_by<retry_reason>(
        to, "gateway_upstream_retries_total", "Requests sent again, by reason.", "reason", all,
        names, &upstream_counters::retried, 1);
    add_by<observe::parking_outcome>(
        to, "gateway_upstream_parked_total",
        "Requests that waited for an available endpoint, by how that ended.", "outcome", all, names,
        &upstream_counters::unparked, 0);
    add_by<observe::mirror_outcome>(
        to, "gateway_upstream_mirrored_total",
        "Requests to be copied to this upstream, by what became of the copy.", "outcome", all,
        names, &upstream_counters::mirrored, 0);
    auto& parked = to.family(
        "gateway_upstream_parked_requests", "Requests waiting for an available endpoint.",
        MetricType::Gauge);
    for (std::size_t i = 0; i < names.upstreams.size(); ++i) {
        parked.metric.push_back(page::sample(
            {{"upstream", names.upstreams[i]}}, sum(all, [&](traffic_counters const& core) {
                return core.upstream(i).parked.value();
            })));
    }
    // Each core learns by itself; the most careful one speaks.
    auto& learned = to.family(
        "gateway_upstream_learned_keepalive_seconds",
        "For how long an idle connection may be used again.", MetricType::Gauge);
    for (std::size_t i = 0; i < names.upstreams.size(); ++i) {
        std::int64_t least = std::numeric_limits<std::int64_t>::max();
        for (auto const* core : all) {
            least = std::min(least, core->upstream(i).keep_alive_ms.value());
        }
        if (all.empty()) continue;
        learned.metric.push_back(
            page::sample({{"upstream", names.upstreams[i]}}, as_double(least) / 1000));
    }
}

}  // namespace gateway::admin

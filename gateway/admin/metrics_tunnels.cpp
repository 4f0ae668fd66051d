// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_tunnels.hpp"

#include "admin/core_sums.hpp"

#include <cstddef>
#include <string>

namespace gateway::admin {
namespace {

using observe::traffic_counters;
using prometheus::MetricType;

// One series for each value of a closed set.
template <class Value, std::size_t Count, class Read>
void add_by(
    page& to,
    char const* name,
    char const* help,
    char const* label,
    core_counters const& all,
    Read read) {
    auto& family = to.family(name, help, MetricType::Counter);
    for (std::size_t i = 0; i < Count; ++i) {
        auto const value = static_cast<Value>(i);
        family.metric.push_back(page::sample(
            {{label, std::string{observe::word_of(value)}}},
            sum(all, [&](traffic_counters const& core) { return read(core, value); })));
    }
}

}  // namespace

void add_tunnels(page& to, core_counters const& all) {
    to.gauge(
        "gateway_tunnels_open", "Upgraded connections, such as WebSockets.",
        sum(all, &traffic_counters::tunnels_open));
    add_by<observe::farewell, observe::farewell_count>(
        to, "gateway_tunnels_drained_total",
        "Tunnels that a drain ended: WebSockets whose close frame was answered or not, and those "
        "that were just closed.",
        "close", all, [](traffic_counters const& core, observe::farewell how) {
            return core.tunnels_sent_away(how);
        });
    add_by<observe::heartbeat, observe::heartbeat_count>(
        to, "gateway_heartbeats_total",
        "Signs of life sent to clients: comments in quiet event streams, pings in quiet "
        "WebSockets.",
        "kind", all, [](traffic_counters const& core, observe::heartbeat kind) {
            return core.heartbeats_sent(kind);
        });
}

}  // namespace gateway::admin

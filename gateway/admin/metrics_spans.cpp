// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_spans.hpp"

namespace gateway::admin {

void add_spans(page& to, net::span_exporter::figures const& all) {
    auto& family = to.family(
        "gateway_spans_total",
        "Spans of traces by what became of them: the collector took them, the queue was full, they "
        "were not taken in time, or the collector refused them.",
        prometheus::MetricType::Counter);
    auto const add = [&](char const* outcome, std::uint64_t value) {
        family.metric.push_back(page::sample({{"outcome", outcome}}, as_double(value)));
    };
    add("sent", all.sent);
    add("dropped", all.dropped);
    add("lost", all.lost);
    add("rejected", all.rejected);
}

}  // namespace gateway::admin

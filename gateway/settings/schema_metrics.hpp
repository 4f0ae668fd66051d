// SPDX-License-Identifier: Apache-2.0
// The rows of the schema about metrics; a part of the table in schema.cpp.
#pragma once

#include "settings/metrics_syntax.hpp"
#include "settings/schema_parts.hpp"

#include <array>

namespace gateway::settings {

template <class Syntax, auto Member>
inline constexpr binding of_metrics = scalar<Syntax, &snapshot::metrics, Member>;

inline constexpr auto metrics_rows = std::to_array<row>({
    {"metrics", section, unbounded, reload::restart,
     "The figures at `/metrics` of the admin listener."},
    {"metrics.duration_buckets", list_of<duration, &snapshot::metrics, &metrics::buckets>,
     between(1, 24), reload::restart,
     "Upper bounds of the buckets of `http_request_duration_seconds` and of the durations at "
     "upstreams, ascending."},
    {"metrics.series", of_metrics<count, &metrics::series_max>, between(10, 100'000),
     reload::restart,
     "The label sets one metric may have on the page; the newest of more share one set, whose "
     "labels all say `overflow`."},
    {"metrics.nginx", of_metrics<flag, &metrics::nginx>, unbounded, reload::restart,
     "Shows the series of nginx's exporter too, for dashboards made for it."},
    {"metrics.cloudwatch", of_metrics<flag, &metrics::cloudwatch>, unbounded, reload::restart,
     "Writes the most important figures to stdout as CloudWatch's Embedded Metric Format; the "
     "`awslogs` driver turns them into metrics, without a sidecar or a right of their own."},
    {"metrics.cloudwatch_interval", of_metrics<duration, &metrics::cloudwatch_interval>,
     between(1s, 1h), reload::restart, "How often that is."},
    {"metrics.cloudwatch_namespace", of_metrics<metric_namespace, &metrics::cloudwatch_namespace>,
     unbounded, reload::restart, "The namespace of those metrics."},
});

}  // namespace gateway::settings

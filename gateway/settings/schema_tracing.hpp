// SPDX-License-Identifier: Apache-2.0
// The rows of the schema about tracing; a part of the table in schema.cpp.
#pragma once

#include "settings/schema_parts.hpp"
#include "settings/tracing_syntax.hpp"

#include <array>

namespace gateway::settings {

template <class Syntax, auto Member>
inline constexpr binding of_tracing = scalar<Syntax, &snapshot::tracing, Member>;

inline constexpr auto tracing_rows = std::to_array<row>({
    {"tracing", section, unbounded, reload::restart,
     "Distributed traces: W3C trace context, X-Amzn-Trace-Id and OpenTelemetry."},
    {"tracing.mode", of_tracing<tracing_mode_name, &tracing::mode>, unbounded, reload::restart,
     "`off` passes the headers of a trace untouched. `propagate` continues or begins one: the "
     "upstream gets `traceparent`, `tracestate` and `X-Amzn-Trace-Id` with a span of the gateway "
     "as parent. `export` also sends the gateway's spans to a collector. The IDs are logged "
     "either way."},
    {"tracing.sample", of_tracing<share, &tracing::sample>, unbounded, reload::restart,
     "The share of traces to record where nobody has decided before: those that begin here, and "
     "those of clients from outside, whose own word does not count. Applications that follow the "
     "sampled flag record the same ones."},
    {"tracing.endpoint", of_tracing<collector_url, &tracing::endpoint>, unbounded, reload::restart,
     "The collector that gets the spans, by OTLP over HTTP in JSON."},
    {"tracing.errors", of_tracing<flag, &tracing::errors>, unbounded, reload::restart,
     "Exports the spans of failed requests (5xx, or cut short by the upstream) whatever the sample "
     "says."},
    {"tracing.service_name", of_tracing<label, &tracing::service_name>, unbounded, reload::restart,
     "The resource attribute `service.name` of the spans."},
    {"tracing.attributes", map_of<attribute_name, label, &snapshot::tracing, &tracing::attributes>,
     between(1, 32), reload::restart,
     "Further attributes of the resource, such as `deployment.environment.name: staging`."},
    {"tracing.headers", map_of<field_name, field_value, &snapshot::tracing, &tracing::headers>,
     between(1, 16), reload::restart, "Header fields for the collector, such as a token.",
     need::optional, secrecy::secret},
    {"tracing.queue", of_tracing<count, &tracing::queue>, between(16, 65'536), reload::restart,
     "Spans that wait to be sent, for each core; what does not fit is counted and lost."},
    {"tracing.batch", of_tracing<count, &tracing::batch>, between(1, 8'192), reload::restart,
     "Spans in one request to the collector, at most."},
    {"tracing.interval", of_tracing<duration, &tracing::interval>, between(10ms, 1min),
     reload::restart, "How often spans are sent."},
    {"tracing.timeout", of_tracing<duration, &tracing::timeout>, between(100ms, 1min),
     reload::restart, "How long one request to the collector may take."},
    {"tracing.retry_for", of_tracing<duration, &tracing::retry_for>, between(0ms, 10min),
     reload::restart,
     "How long a batch that the collector does not take is sent again; then it is lost."},
});

}  // namespace gateway::settings

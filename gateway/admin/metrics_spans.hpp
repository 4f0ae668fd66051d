// SPDX-License-Identifier: Apache-2.0
// What became of the spans of traces.
#pragma once

#include "admin/metrics_builder.hpp"
#include "net/span_exporter.hpp"

namespace gateway::admin {

void add_spans(page& to, net::span_exporter::figures const& all);

}  // namespace gateway::admin

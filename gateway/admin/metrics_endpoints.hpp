// SPDX-License-Identifier: Apache-2.0
// The series by upstream and endpoint. Endpoints that are gone leave the page after five minutes
// (proxy/endpoint_board), so that deploys do not make it grow.
#pragma once

#include "admin/metrics_builder.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_board.hpp"

#include <vector>

namespace gateway::admin {

void add_endpoints(page& to, std::vector<proxy::endpoint_figures> const& all);

// Connections of each upstream by what they do.
void add_pools(
    page& to, std::vector<proxy::endpoint_figures> const& all, observe::traffic_names const& names);

// How long attempts, responses and connections take, by endpoint. `bounds` are those of the first
// two.
void add_timings(
    page& to,
    std::vector<proxy::endpoint_figures> const& all,
    observe::histogram_bounds const& bounds);

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
// The series by upstream and endpoint. Endpoints that are gone leave the page after five minutes
// (proxy/endpoint_board), so that deploys do not make it grow.
#pragma once

#include "admin/metrics_builder.hpp"
#include "proxy/endpoint_board.hpp"

#include <vector>

namespace gateway::admin {

void add_endpoints(page& to, std::vector<proxy::endpoint_figures> const& all);

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
// The series by endpoint name: how its look-ups ended and what it stands for.
#pragma once

#include "admin/metrics_builder.hpp"
#include "net/resolver.hpp"

#include <vector>

namespace gateway::admin {

// Literal addresses are looked up nowhere and have no series.
void add_names(page& to, std::vector<net::name_figures> const& all);

}  // namespace gateway::admin

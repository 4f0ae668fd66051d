// SPDX-License-Identifier: Apache-2.0
// What must hold between settings that are each fine: no route to a missing upstream, nothing
// twice.
#pragma once

#include "settings/problem.hpp"
#include "settings/reader.hpp"
#include "settings/settings.hpp"

namespace gateway::settings {

// Notes every breach at its place in the file.
void validate(snapshot const& all, reader& in);

// The part of it about endpoints.
void check_upstreams(snapshot const& all, reader& in);
// The part of it about the upstreams that routes name.
void check_targets(snapshot const& all, reader& in);

// The part of it about metrics.
void check_metrics(snapshot const& all, reader& in);

// Fills in what follows from alb.idle_timeout and was not written; before `validate`.
void follow_load_balancer(snapshot& all, node const& root);

// Gives a name to the routes that were written without one: host and path or prefix. A name that is
// taken gets "#2" and so on appended, for names are the labels of metrics.
void name_routes(snapshot& all);

}  // namespace gateway::settings

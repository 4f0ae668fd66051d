// SPDX-License-Identifier: Apache-2.0
// The series about what the operator asked for: readiness, endpoints taken out, closed routes, how
// often something was changed; and for how long what he gave is good.
#pragma once

#include "admin/operator_pages.hpp"
#include "admin/state_page.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_board.hpp"

#include <vector>

namespace gateway::admin {

class page;

struct operator_figures {
    bool ready = false;
    std::vector<proxy::endpoint_figures> endpoints;
    std::vector<closed_route_state> closed_routes;
    std::vector<certificate_state> certificates;
    operator_pages const* pages = nullptr;
    std::vector<observe::traffic_counters const*> cores;
    bool candidate = false;  // one is compared with what runs
};

void add_operator(page& to, operator_figures const& from);

}  // namespace gateway::admin

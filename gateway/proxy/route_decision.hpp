// SPDX-License-Identifier: Apache-2.0
// Which route a request takes by some settings, and why none: for whoever wants to know without
// serving it. In the words and in the order of proxy/exchange_receive, which serves.
#pragma once

#include "base/error.hpp"
#include "http/framing.hpp"
#include "http/head.hpp"
#include "http/target.hpp"
#include "routing/table.hpp"
#include "settings/settings.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace gateway::proxy {

struct route_decision {
    cause why = cause::none;           // not none: the gateway answers by itself
    std::optional<std::size_t> route;  // its place in the settings
    std::string_view allow;            // lives in the table
};

// `target` was parsed from `head`. Nothing about the operator's own doing, such as maintenance.
route_decision decide_route(
    settings::snapshot const& by,
    routing::table const& table,
    http::request_head const& head,
    http::target_view const& target,
    http::body_framing const& body);

// Whether a server that decodes separators would see a path of the same route: if not, the path
// reaches an application behind the back of the route that is meant to guard it.
bool reads_alike(
    routing::table const& table,
    http::request_head const& head,
    http::target_view const& target,
    std::string_view host,
    std::size_t route);

}  // namespace gateway::proxy

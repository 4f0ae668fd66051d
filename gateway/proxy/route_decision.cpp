// SPDX-License-Identifier: Apache-2.0
#include "proxy/route_decision.hpp"

#include <string>

namespace gateway::proxy {

route_decision decide_route(
    settings::snapshot const& by,
    routing::table const& table,
    http::request_head const& head,
    http::target_view const& target,
    http::body_framing const& body) {
    std::string_view const host = target.form == http::target_form::absolute
                                      ? target.authority
                                      : head.value_of(http::field_id::host);
    auto const find = [&](std::string_view path) {
        return table.find(host, path, head.method_id, head.method_text());
    };
    routing::match const found = find(target.normalised_path);
    route_decision out;
    out.allow = found.allow;
    if (found.outcome != routing::outcome::found) {
        bool const none = found.outcome == routing::outcome::no_route;
        out.why = none ? cause::no_route : cause::method_not_allowed;
        return out;
    }
    settings::route const& route = by.routes[found.route];
    if (target.encoded_separator) {
        std::string decoded(target.normalised_path.size(), '/');
        routing::match const other = find(http::decode_separators(target.normalised_path, decoded));
        bool const alike = other.outcome == routing::outcome::found && other.route == found.route;
        if (!alike || route.encoded_slash == settings::encoded_slash_mode::refuse) {
            out.why = cause::ambiguous_path;
            return out;
        }
    }
    out.route = found.route;
    byte_count const most = route.body_bytes.value_or(by.limits.body_bytes);
    if (most != 0 && body.kind == http::body_kind::length && body.length > most) {
        out.why = cause::body_too_large;
    }
    return out;
}

}  // namespace gateway::proxy

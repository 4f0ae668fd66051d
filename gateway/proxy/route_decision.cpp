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
    routing::match const found =
        table.find(host, target.normalised_path, head.method_id, head.method_text());
    route_decision out;
    out.allow = found.allow;
    if (found.outcome != routing::outcome::found) {
        bool const none = found.outcome == routing::outcome::no_route;
        out.why = none ? cause::no_route : cause::method_not_allowed;
        return out;
    }
    settings::route const& route = by.routes[found.route];
    if (target.encoded_separator && (route.encoded_slash == settings::encoded_slash_mode::refuse ||
                                     !reads_alike(table, head, target, host, found.route))) {
        out.why = cause::ambiguous_path;
        return out;
    }
    out.route = found.route;
    byte_count const most = route.body_bytes.value_or(by.limits.body_bytes);
    if (most != 0 && body.kind == http::body_kind::length && body.length > most) {
        out.why = cause::body_too_large;
    }
    return out;
}

bool reads_alike(
    routing::table const& table,
    http::request_head const& head,
    http::target_view const& target,
    std::string_view host,
    std::size_t route) {
    std::string decoded(target.normalised_path.size(), '/');
    routing::match const found = table.find(
        host, http::decode_separators(target.normalised_path, decoded), head.method_id,
        head.method_text());
    return found.outcome == routing::outcome::found && found.route == route;
}

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
#include "app/route_preview.hpp"

#include "base/ascii.hpp"
#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "http/head_writer.hpp"
#include "http/hop_by_hop.hpp"
#include "http/host.hpp"
#include "http/target.hpp"
#include "http/upgrade.hpp"
#include "net/address.hpp"
#include "proxy/header_filters.hpp"
#include "proxy/route_decision.hpp"
#include "proxy/snapshot.hpp"

#include <array>
#include <memory>

namespace gateway::app {
namespace {

constexpr std::size_t head_room = 256 * 1024;
constexpr std::string_view made_id = "(made by the gateway)";
constexpr std::string_view plain_response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

bool has_field(field_list const& in, std::string_view name) {
    for (auto const& [each, value] : in) {
        if (ascii::equal_ignoring_case(each, name)) return true;
    }
    return false;
}

// As a client would send it.
std::string bytes_of(asked_request const& what) {
    std::size_t const blank = what.text.find(' ');
    std::string_view const verb = std::string_view{what.text}.substr(0, blank);
    std::string_view rest = std::string_view{what.text}.substr(blank + 1);
    rest.remove_prefix(rest.find("://") + 3);
    std::size_t const path = rest.find_first_of("/?");
    std::string target{path == rest.npos ? std::string_view{} : rest.substr(path)};
    target.erase(std::min(target.find('#'), target.size()));  // never sent
    if (target.empty() || target.front() == '?') target.insert(0, 1, '/');
    std::string bytes{verb};
    bytes.append(" ").append(target).append(" HTTP/1.1\r\n");
    if (!has_field(what.headers, "Host")) {
        bytes.append("Host: ").append(rest.substr(0, path)).append("\r\n");
    }
    for (auto const& [name, value] : what.headers) {
        bytes.append(name).append(": ").append(value).append("\r\n");
    }
    return bytes += "\r\n";
}

field_list fields_of(std::string_view head, std::string* first_line) {
    field_list all;
    std::size_t end = head.find("\r\n");
    if (first_line != nullptr) *first_line = head.substr(0, end);
    for (head.remove_prefix(end + 2); (end = head.find("\r\n")) != 0 && end != head.npos;
         head.remove_prefix(end + 2)) {
        std::string_view const line = head.substr(0, end);
        std::size_t const colon = line.find(": ");
        all.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    return all;
}

// The first address that an endpoint of the upstream may be called by.
std::string first_endpoint(settings::snapshot const& by, std::string const& upstream) {
    for (settings::upstream const& each : by.upstreams) {
        if (each.name != upstream || each.endpoints.empty()) continue;
        settings::host_port const& at = each.endpoints.front().address;
        return at.host + ':' + std::to_string(at.port);
    }
    return {};
}

std::string host_of(settings::snapshot const& by, std::string const& upstream) {
    for (settings::upstream const& each : by.upstreams) {
        if (each.name == upstream) return each.host;
    }
    return {};
}

void preview_response(settings::route const& route, route_preview& out) {
    auto const parser = std::make_unique<http::response_parser>();
    auto const head = std::make_unique<http::response_head>();
    http::connection_options options;
    http::body_framing body;
    if (parser->parse(plain_response, {}, *head) != http::parse_step::complete ||
        http::parse_connection(*head, options) != cause::none ||
        http::frame_response(*head, http::method::get, body) != cause::none) {
        return;
    }
    std::vector<char> room(head_room);
    http::head_writer writer{room};
    proxy::write_response(
        writer, {.head = *head,
                 .options = options,
                 .body = body,
                 .chunked = false,
                 .head_only = false,
                 .connection = proxy::client_connection::keep_alive,
                 .http_1_0 = false,
                 .route = route,
                 .request_id = made_id,
                 .date = "(now)"});
    out.answered = fields_of(writer.text(), nullptr);
}

}  // namespace

previewer::previewer(settings::snapshot const& by)
    : by_(by), table_(by), trusted_(proxy::trusted_ranges(by)) {}

// In the order of proxy/exchange_receive.
route_preview previewer::preview(asked_request const& what) const {
    route_preview out;
    std::string const bytes = bytes_of(what);
    auto const parser = std::make_unique<http::request_parser>();
    auto const head = std::make_unique<http::request_head>();
    http::head_limits const limits = proxy::head_limits_of(by_.limits);
    http::parse_step const step = parser->parse(bytes, limits, *head);
    if (step != http::parse_step::complete) {
        out.why = step == http::parse_step::refused ? parser->why() : cause::header_too_large;
        out.status = status_of(out.why);
        return out;
    }
    auto const peer = net::address::from_literal(what.client, 1);
    http::address16 const from = peer ? peer->bytes() : http::address16{};
    out.trusted_peer = http::contains(trusted_, from);
    http::address16 const client =
        out.trusted_peer ? http::client_address(*head, from, trusted_) : from;
    std::array<char, http::address_text_max + 1> peer_text;
    std::array<char, http::address_text_max + 1> client_text;
    out.client = http::print_address(client, client_text);

    http::connection_options options;
    http::body_framing body;
    http::target_view target;
    std::string scratch(head->target().size(), '\0');
    out.why = http::parse_connection(*head, options);
    if (out.why == cause::none) out.why = http::check_host(*head);
    if (out.why == cause::none) out.why = http::frame_request(*head, body);
    if (out.why == cause::none) out.why = http::parse_target(*head, scratch, target);
    if (out.why == cause::none) {
        out.normal_path = target.normalised_path;
        auto const decided = proxy::decide_route(by_, table_, *head, target, body);
        out.why = decided.why;
        out.route = decided.route;
        out.allow = decided.allow;
    }
    out.status = status_of(out.why);
    if (out.why != cause::none || !out.route) return out;

    settings::route const& route = by_.routes[*out.route];
    std::string const upstream = route.split.empty() ? route.upstream : route.split.front().first;
    std::string const host = host_of(by_, upstream);
    std::string const fallback = first_endpoint(by_, upstream);
    std::string_view const given = head->value_of(http::field_id::x_request_id);
    std::vector<char> room(head_room);
    http::head_writer writer{room};
    proxy::write_request(
        writer, {.head = *head,
                 .options = options,
                 .target = target,
                 .body = body,
                 .route = route,
                 .host = host,
                 .fallback_host = fallback,
                 .peer_text = http::print_address(from, peer_text),
                 .client_text = out.client,
                 .request_id = given.empty() ? made_id : given,
                 .local_port = by_.listeners.front().address.port,
                 .trusted_peer = out.trusted_peer,
                 .upgrade = http::is_upgrade_request(*head, options),
                 .via = by_.forwarding.via});
    out.sent = fields_of(writer.text(), &out.sent_line);
    std::size_t const begin = out.sent_line.find(' ') + 1;
    out.sent_target = out.sent_line.substr(begin, out.sent_line.rfind(' ') - begin);
    preview_response(route, out);
    return out;
}

}  // namespace gateway::app

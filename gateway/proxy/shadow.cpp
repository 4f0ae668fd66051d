// SPDX-License-Identifier: Apache-2.0
#include "proxy/shadow.hpp"

#include "proxy/header_filters.hpp"
#include "proxy/route_decision.hpp"
#include "proxy/shadow_ruling.hpp"
#include "proxy/snapshot.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace gateway::proxy {
namespace {

// Beside the head itself: the fields that edits and the gateway add.
constexpr std::size_t further_room = 64 * 1024;
constexpr std::size_t text_max = 256;

settings::upstream const* upstream_of(settings::snapshot const& by, std::string const& name) {
    auto const found = std::find_if(
        by.upstreams.begin(), by.upstreams.end(),
        [&](auto const& each) { return each.name == name; });
    return found == by.upstreams.end() ? nullptr : &*found;
}

// The request as it would be sent upstream, but for its fields of a trace, which no two share.
std::string_view write_head(
    shadow::rules const& by,
    shadow::ruling const& ruled,
    judged_request const& one,
    std::vector<char>& room) {
    room.resize(std::max(room.size(), one.head.size() * 2 + further_room));
    std::array<char, http::address_text_max + 1> peer_text;
    std::array<char, http::address_text_max + 1> client_text;
    http::head_writer out{room};
    write_request(
        out, {.head = one.head,
              .options = one.options,
              .target = one.target,
              .body = one.body,
              .route = *ruled.route,
              .host = ruled.upstream->host,
              .fallback_host = {},
              .peer_text = http::print_address(one.peer, peer_text),
              .client_text = http::print_address(ruled.client, client_text),
              .request_id = one.request_id,
              .local_port = one.local_port,
              .trusted_peer = ruled.trusted_peer,
              .upgrade = one.upgrade,
              .via = by.settings.forwarding.via});
    return out.overflowed() ? std::string_view{} : out.text();
}

shadow::ruling rule(
    shadow::rules const& by, judged_request const& one, cause breach, std::vector<char>& room) {
    shadow::ruling out{.settings = by.settings};
    out.trusted_peer = http::contains(by.trusted, one.peer);
    out.client = out.trusted_peer ? http::client_address(one.head, one.peer, by.trusted) : one.peer;
    out.why = breach;
    if (breach != cause::none) return out;
    auto const decided = decide_route(by.settings, by.routes, one.head, one.target, one.body);
    out.why = decided.why;
    if (decided.route) out.route = &by.settings.routes[*decided.route];
    if (out.why != cause::none) return out;
    auto const& split = out.route->split;
    out.upstream =
        upstream_of(by.settings, split.empty() ? out.route->upstream : split.front().first);
    if (out.upstream != nullptr) out.head = write_head(by, out, one, room);
    return out;
}

}  // namespace

shadow::shadow(settings::snapshot const& candidate)
    : candidate_(candidate),
      routes_(candidate_),
      trusted_(trusted_ranges(candidate_)),
      limits_(head_limits_of(candidate_.limits)),
      parser_(std::make_unique<http::request_parser>()),
      head_(std::make_unique<http::request_head>()) {}

bool shadow::compare(rules const& running, judged_request const& one) noexcept {
    try {
        return compare_anew(running, one);
    } catch (std::exception const&) {
        return true;
    }
}

// Whether the candidate would refuse the head for its size; the running one has taken it.
cause shadow::limit_breach(rules const& running, judged_request const& one) const {
    http::head_limits const& now = running.limits;
    bool const tighter = limits_.bytes_max < now.bytes_max ||
                         limits_.line_bytes_max < now.line_bytes_max ||
                         limits_.fields_max < now.fields_max;
    if (!tighter) return cause::none;
    parser_->reset();
    switch (parser_->parse(one.head.text(), limits_, *head_)) {
        case http::parse_step::refused: return parser_->why();
        case http::parse_step::complete: return cause::none;
        default: return cause::header_too_large;
    }
}

bool shadow::compare_anew(rules const& running, judged_request const& one) {
    rules const candidate{candidate_, routes_, trusted_, limits_};
    ruling const a = rule(running, one, cause::none, room_[0]);
    ruling const b = rule(candidate, one, limit_breach(running, one), room_[1]);
    difference_set const what = differences(a, b);
    ++figures_.compared;
    if (what.empty()) return true;
    ++figures_.different;
    for (std::size_t i = 0; i < difference_count; ++i) {
        if (what.has(static_cast<difference>(i))) ++figures_.by[i];
    }
    auto& rows = figures_.rows;
    std::string_view const from = a.route != nullptr ? a.route->name : std::string_view{};
    std::string_view const to = b.route != nullptr ? b.route->name : std::string_view{};
    auto const same = std::find_if(rows.begin(), rows.end(), [&](shadow_row const& each) {
        return each.what == what && each.running_route == from && each.candidate_route == to;
    });
    if (same != rows.end()) {
        ++same->requests;
        return false;
    }
    if (rows.size() == shadow_figures::rows_max) {
        ++figures_.beyond;
        return false;
    }
    shadow_row row{
        .what = what,
        .running_route = std::string{from},
        .candidate_route = std::string{to},
        .requests = 1,
        .method = std::string{one.head.method_text()},
        .host = std::string{one.head.value_of(http::field_id::host).substr(0, text_max)},
        .path = std::string{one.target.normalised_path.substr(0, text_max)},
        .details = {}};
    for (std::size_t i = 0; i < difference_count; ++i) {
        auto const each = static_cast<difference>(i);
        if (what.has(each)) row.details.push_back(detail_of(each, a, b));
    }
    rows.push_back(std::move(row));
    return false;
}

void shadow_figures::add(shadow_figures const& other) {
    compared += other.compared;
    different += other.different;
    beyond += other.beyond;
    for (std::size_t i = 0; i < by.size(); ++i) by[i] += other.by[i];
    for (shadow_row const& each : other.rows) {
        auto const same = std::find_if(rows.begin(), rows.end(), [&](shadow_row const& one) {
            return one.what == each.what && one.running_route == each.running_route &&
                   one.candidate_route == each.candidate_route;
        });
        if (same != rows.end()) {
            same->requests += each.requests;
        } else if (rows.size() < rows_max) {
            rows.push_back(each);
        } else {
            beyond += each.requests;
        }
    }
}

}  // namespace gateway::proxy

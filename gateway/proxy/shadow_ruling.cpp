// SPDX-License-Identifier: Apache-2.0
#include "proxy/shadow_ruling.hpp"

#include "base/ascii.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gateway::proxy {
namespace {

using ruling = shadow::ruling;

// Names of fields in one text.
constexpr std::size_t names_shown_max = 20;

void append(std::string& to, std::string_view separator, std::string_view part) {
    if (!part.empty()) to.append(to.empty() ? "" : separator).append(part);
}

std::string_view first_line(std::string_view head) { return head.substr(0, head.find("\r\n")); }

std::string_view target_of(std::string_view head) {
    std::string_view const line = first_line(head);
    std::size_t const begin = line.find(' ');
    std::size_t const end = line.rfind(' ');
    if (begin == line.npos || end <= begin) return {};
    return line.substr(begin + 1, end - begin - 1);
}

struct field_line {
    std::string_view name;
    std::string_view value;
    bool operator==(field_line const&) const = default;
};

std::vector<field_line> fields_of(std::string_view head) {
    std::vector<field_line> all;
    while (!head.empty()) {
        head.remove_prefix(std::min(first_line(head).size() + 2, head.size()));
        std::string_view const line = first_line(head);
        std::size_t const colon = line.find(':');
        if (colon == line.npos) continue;
        all.push_back({line.substr(0, colon), ascii::trim(line.substr(colon + 1))});
    }
    return all;
}

bool is_host(std::string_view name) { return ascii::equal_ignoring_case(name, "Host"); }

std::string_view host_in(std::string_view head) {
    for (field_line const& each : fields_of(head)) {
        if (is_host(each.name)) return each.value;
    }
    return {};
}

std::vector<field_line> without(
    std::vector<field_line> const& these, std::vector<field_line> const& those) {
    std::vector<field_line> left;
    for (field_line const& each : these) {
        bool const there = std::find(those.begin(), those.end(), each) != those.end();
        if (!there && !is_host(each.name)) left.push_back(each);
    }
    return left;
}

bool names(std::vector<field_line> const& in, std::string_view name) {
    return std::any_of(in.begin(), in.end(), [&](field_line const& each) {
        return ascii::equal_ignoring_case(each.name, name);
    });
}

// "adds x-new; drops x-old; changes x-env".
std::string changed_fields(std::string_view before, std::string_view after) {
    auto const all_before = fields_of(before);
    auto const all_after = fields_of(after);
    auto const gone = without(all_before, all_after);
    auto const fresh = without(all_after, all_before);
    std::string adds;
    std::string drops;
    std::string changes;
    std::size_t shown = 0;
    for (field_line const& each : fresh) {
        if (++shown > names_shown_max) break;
        append(names(gone, each.name) ? changes : adds, ", ", each.name);
    }
    for (field_line const& each : gone) {
        if (names(fresh, each.name)) continue;
        if (++shown > names_shown_max) break;
        append(drops, ", ", each.name);
    }
    std::string text;
    if (!adds.empty()) append(text, "; ", "adds " + adds);
    if (!drops.empty()) append(text, "; ", "drops " + drops);
    if (!changes.empty()) append(text, "; ", "changes " + changes);
    return text.empty() ? "the same fields in another order" : text;
}

bool has_other_fields(ruling const& a, ruling const& b) {
    if (a.head == b.head) return false;
    auto const before = fields_of(a.head);
    auto const after = fields_of(b.head);
    auto const same = [](field_line const& x, field_line const& y) {
        return x == y || (is_host(x.name) && is_host(y.name));
    };
    return !std::equal(before.begin(), before.end(), after.begin(), after.end(), same);
}

std::string edits_text(settings::header_edits const& edits) {
    std::string text;
    for (auto const& [name, value] : edits.set) append(text, ", ", "sets " + name);
    for (auto const& [name, value] : edits.add) append(text, ", ", "adds " + name);
    for (auto const& name : edits.remove) append(text, ", ", "removes " + name);
    return text.empty() ? "none" : text;
}

std::string receivers_text(settings::route const& route) {
    std::string text = route.upstream;
    if (!route.split.empty()) {
        text = "split";
        for (auto const& [name, weight] : route.split) {
            append(text, " ", name + '=' + std::to_string(weight));
        }
    }
    if (!route.fallback.empty()) text += ", fallback " + route.fallback;
    if (!route.mirror.upstream.empty()) text += ", mirror " + route.mirror.upstream;
    return text;
}

bool has_other_receivers(settings::route const& a, settings::route const& b) {
    return a.upstream != b.upstream || a.split != b.split || a.split_by != b.split_by ||
           a.fallback != b.fallback || a.mirror != b.mirror;
}

std::string endpoints_text(settings::upstream const& one) {
    std::string text;
    for (auto const& each : one.endpoints) {
        append(text, ", ", settings::endpoint_address::text(each));
    }
    return text;
}

// Those that a request of this route meets.
std::array<std::pair<std::string_view, milliseconds>, 8> timeouts_of(ruling const& of) {
    settings::timeouts const& all = of.settings.timeouts;
    settings::route const& own = *of.route;
    return {
        {{"request_head", all.request_head},
         {"request_body", own.request_body_timeout.value_or(all.request_body)},
         {"response_head", own.response_head_timeout.value_or(all.response_head)},
         {"response_body", own.response_body_timeout.value_or(all.response_body)},
         {"connect", all.connect},
         {"write", all.write},
         {"tunnel_idle", all.tunnel_idle},
         {"keep_alive", all.keep_alive}}};
}

// The values of `of` that `other` has otherwise.
std::string timeouts_text(ruling const& of, ruling const& other) {
    auto const mine = timeouts_of(of);
    auto const others = timeouts_of(other);
    std::string text;
    for (std::size_t i = 0; i < mine.size(); ++i) {
        if (mine[i] == others[i]) continue;
        append(
            text, ", ",
            std::string{mine[i].first} + ' ' + settings::duration::text(mine[i].second));
    }
    return text;
}

byte_count body_limit(ruling const& of) {
    return of.route->body_bytes.value_or(of.settings.limits.body_bytes);
}

std::uint32_t extra_tries(ruling const& of) {
    return of.route->retry_extra_tries.value_or(of.upstream->retries.extra_tries);
}

std::vector<std::uint16_t> const& retried_statuses(ruling const& of) {
    auto const& own = of.route->retry_on_status;
    return own.empty() ? of.upstream->retries.on_status : own;
}

std::string retries_text(ruling const& of) {
    std::string text = std::to_string(extra_tries(of)) + " more";
    std::string statuses;
    for (auto const each : retried_statuses(of)) append(statuses, " ", std::to_string(each));
    if (!statuses.empty()) text += ", also on " + statuses;
    return text;
}

std::string answer_text(ruling const& of) {
    if (of.why == cause::none) return "goes upstream";
    return std::to_string(status_of(of.why)) + ' ' + std::string{word_of(of.why)};
}

std::string client_text(ruling const& of) {
    std::array<char, http::address_text_max + 1> text;
    return std::string{http::print_address(of.client, text)};
}

std::string path_of(ruling const& of) {
    std::string_view const target = target_of(of.head);
    return std::string{target.substr(0, std::min<std::size_t>(target.find('?'), 256))};
}

std::string route_text(ruling const& of) { return of.route != nullptr ? of.route->name : ""; }

}  // namespace

std::string_view word_of(difference what) noexcept {
    constexpr std::array<std::string_view, difference_count> words{
        "answer", "route",          "upstream",        "upstream_settings", "client",   "target",
        "host",   "request_fields", "response_fields", "body_limit",        "timeouts", "retries"};
    return words[static_cast<std::size_t>(what)];
}

difference_set differences(ruling const& a, ruling const& b) {
    difference_set all;
    auto const note = [&](bool differs, difference what) {
        if (differs) all.add(what);
    };
    note(a.why != b.why, difference::answer);
    note(a.client != b.client, difference::client);
    note(route_text(a) != route_text(b), difference::route);
    if (a.upstream == nullptr || b.upstream == nullptr) return all;
    settings::route const& mine = *a.route;
    settings::route const& other = *b.route;
    note(has_other_receivers(mine, other), difference::upstream);
    bool const same_name = a.upstream->name == b.upstream->name;
    note(same_name && *a.upstream != *b.upstream, difference::upstream_settings);
    note(target_of(a.head) != target_of(b.head), difference::target);
    note(host_in(a.head) != host_in(b.head), difference::host);
    note(has_other_fields(a, b), difference::request_fields);
    note(mine.response_headers != other.response_headers, difference::response_fields);
    note(body_limit(a) != body_limit(b), difference::body_limit);
    note(timeouts_of(a) != timeouts_of(b), difference::timeouts);
    note(
        extra_tries(a) != extra_tries(b) || retried_statuses(a) != retried_statuses(b),
        difference::retries);
    return all;
}

shadow_row::detail detail_of(difference what, ruling const& a, ruling const& b) {
    shadow_row::detail out{.what = what, .running = {}, .candidate = {}};
    auto const say = [&](std::string running, std::string candidate) {
        out.running = std::move(running);
        out.candidate = std::move(candidate);
    };
    switch (what) {
        case difference::answer: say(answer_text(a), answer_text(b)); break;
        case difference::route: say(route_text(a), route_text(b)); break;
        case difference::upstream: say(receivers_text(*a.route), receivers_text(*b.route)); break;
        case difference::upstream_settings:
            say(endpoints_text(*a.upstream), endpoints_text(*b.upstream));
            if (out.running == out.candidate) out.candidate += ", other settings";
            break;
        case difference::client: say(client_text(a), client_text(b)); break;
        case difference::target: say(path_of(a), path_of(b)); break;
        case difference::host:
            say(std::string{host_in(a.head)}, std::string{host_in(b.head)});
            break;
        case difference::request_fields: say({}, changed_fields(a.head, b.head)); break;
        case difference::response_fields:
            say(edits_text(a.route->response_headers), edits_text(b.route->response_headers));
            break;
        case difference::body_limit:
            say(settings::size::text(body_limit(a)), settings::size::text(body_limit(b)));
            break;
        case difference::timeouts: say(timeouts_text(a, b), timeouts_text(b, a)); break;
        case difference::retries: say(retries_text(a), retries_text(b)); break;
    }
    return out;
}

}  // namespace gateway::proxy

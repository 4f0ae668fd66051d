// SPDX-License-Identifier: Apache-2.0
// The upstreams that routes name: exactly one way to the answer, and every name known.
#include "settings/syntax.hpp"
#include "settings/validate.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::settings {
namespace {

using names = std::vector<std::string_view>;

void check_name(std::string const& name, node const& at, names const& known, reader& in) {
    // Without any upstream the missing section says it all.
    if (name.empty() || known.empty()) return;
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    bool const few = known.size() <= 20;
    in.refuse(
        at, in_quotes(name), "an upstream of this file" + (few ? ": " + listed(known) : ""),
        did_you_mean(name, known));
}

void check_split(route const& one, node const& item, names const& known, reader& in) {
    node const* const split = find(item, "split");
    node const* const key = find(item, "split_by");
    if (key != nullptr && split == nullptr) {
        reader::step const here{in, "split_by"};
        in.refuse(*key, "a key without a split", "it beside a split");
    }
    if (split == nullptr || split->kind != node_kind::map) return;
    reader::step const here{in, "split"};
    std::uint64_t total = 0;
    for (auto const& [name, weight] : one.split) {
        total += weight;
        node const* const at = find(*split, name);
        check_name(name, at != nullptr ? *at : *split, known, in);
    }
    bool const all_read = one.split.size() == split->items.size();
    if (all_read && total == 0) in.refuse(*split, "no weight above 0", "one at least");
}

void check_one(route const& one, node const& item, names const& known, reader& in) {
    bool const split = find(item, "split") != nullptr;
    node const* const upstream = find(item, "upstream");
    if (upstream == nullptr && !split && item.kind == node_kind::map) {
        in.refuse(
            item, "no " + in_quotes("upstream"),
            "that key with " + std::string{upstream_name::expected});
    } else if (upstream != nullptr && split) {
        in.refuse(item, "both an upstream and a split", "one of upstream and split");
    } else if (upstream != nullptr) {
        reader::step const here{in, "upstream"};
        check_name(one.upstream, *upstream, known, in);
    }
    check_split(one, item, known, in);
    if (node const* const at = find(item, "fallback")) {
        reader::step const here{in, "fallback"};
        check_name(one.fallback, *at, known, in);
        if (!one.fallback.empty() && one.fallback == one.upstream) {
            in.refuse(*at, in_quotes(one.fallback), "an upstream other than the route's own");
        }
    }
    node const* const mirror = find(item, "mirror");
    if (mirror == nullptr || mirror->kind != node_kind::map) return;
    reader::step const here{in, "mirror"};
    node const* const at = find(*mirror, "upstream");
    if (at == nullptr) {
        in.refuse(
            *mirror, "no " + in_quotes("upstream"),
            "that key with " + std::string{upstream_name::expected});
    } else {
        reader::step const key{in, "upstream"};
        check_name(one.mirror.upstream, *at, known, in);
    }
}

}  // namespace

void check_targets(snapshot const& all, reader& in) {
    names known;
    for (upstream const& one : all.upstreams) {
        bool const fresh = std::find(known.begin(), known.end(), one.name) == known.end();
        if (fresh) known.push_back(one.name);
    }
    for (std::size_t i = 0; i < in.found.routes.size(); ++i) {
        reader::step const here{in, "routes[" + std::to_string(i) + ']'};
        check_one(all.routes[i], *in.found.routes[i], known, in);
    }
}

}  // namespace gateway::settings

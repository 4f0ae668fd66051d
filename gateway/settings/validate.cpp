// SPDX-License-Identifier: Apache-2.0
#include "settings/validate.hpp"

#include "settings/syntax.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace gateway::settings {
namespace {

// The value of the key when it was written, else the item itself: where to point.
node const& place(node const& item, std::string_view key) {
    node const* const value = find(item, key);
    return value ? *value : item;
}

std::string index(std::size_t i) { return '[' + std::to_string(i) + ']'; }

std::string line_of(node const& item) { return "line " + std::to_string(item.line); }

void check_listeners(snapshot const& all, reader& in) {
    std::map<std::string, node const*> first;
    for (std::size_t i = 0; i < in.found.listeners.size(); ++i) {
        host_port const& address = all.listeners[i].address;
        node const* const at = find(*in.found.listeners[i], "address");
        refusal unused;
        // An address that was refused has left the default in its place.
        bool const as_written = at && listen_address::parse(at->text, unused) == address;
        if (!as_written || address.port == 0) continue;  // Each port 0 becomes a port of its own.
        reader::step const here{in, "listeners" + index(i) + ".address"};
        std::string const text = listen_address::text(address);
        auto const [earlier, fresh] = first.emplace(text, at);
        if (!fresh) {
            in.refuse(
                *at, in_quotes(text), "an address that no other listener has",
                "it is that of " + line_of(*earlier->second));
        }
        if (address == all.admin.address) {
            in.refuse(*at, in_quotes(text), "an address other than that of admin");
        }
    }
}

// Host, path or prefix, and method; the last is empty when the route takes every method.
using matched = std::tuple<std::string, std::string, std::string>;

void check_one_match(route const& one, node const& item, reader& in) {
    bool const path = find(item, "path") != nullptr;
    bool const prefix = find(item, "prefix") != nullptr;
    if (path && prefix) {
        in.refuse(place(item, "prefix"), "both a path and a prefix", "one of path and prefix");
    } else if (!path && !prefix && item.kind == node_kind::map) {
        in.refuse(item, "neither a path nor a prefix", "one of path and prefix");
    }
    std::set<std::string> seen;
    for (std::string const& method : one.methods) {
        if (seen.insert(method).second) continue;
        in.refuse(place(item, "methods"), in_quotes(method) + " twice", "each method once");
    }
}

// Two routes that match the same requests: same host, same path or prefix, a method in common. A
// route for every method beside one for some is no duplicate: the one that names the method wins.
void check_repeated_routes(snapshot const& all, reader& in) {
    std::map<matched, std::size_t> first;
    for (std::size_t i = 0; i < in.found.routes.size(); ++i) {
        route const& one = all.routes[i];
        if (one.path.empty() == one.prefix.empty()) continue;  // Refused already.
        node const& item = *in.found.routes[i];
        std::string const key = one.path.empty() ? "prefix" : "path";
        std::string const text = key + ' ' + one.path + one.prefix;
        std::vector<std::string> methods = one.methods;
        if (methods.empty()) methods.emplace_back();
        for (std::string const& method : methods) {
            auto const [earlier, fresh] = first.emplace(matched{one.host, text, method}, i);
            if (fresh || earlier->second == i) continue;
            reader::step const here{in, "routes" + index(i)};
            in.refuse(
                place(item, key), in_quotes(one.path + one.prefix),
                "a route that no other route repeats",
                "it is that of " + line_of(*in.found.routes[earlier->second]));
            break;
        }
    }
}

void check_routes(snapshot const& all, reader& in) {
    std::map<std::string_view, std::size_t> named;
    for (std::size_t i = 0; i < in.found.routes.size(); ++i) {
        route const& one = all.routes[i];
        node const& item = *in.found.routes[i];
        reader::step const here{in, "routes" + index(i)};
        check_one_match(one, item, in);
        if (one.name.empty()) continue;
        auto const [earlier, fresh] = named.emplace(one.name, i);
        if (fresh) continue;
        reader::step const key{in, "name"};
        in.refuse(
            place(item, "name"), in_quotes(one.name), "a name that no other route has",
            "it is that of " + line_of(*in.found.routes[earlier->second]));
    }
}

bool speaks_tls(upstream const& one) {
    return std::any_of(
        one.endpoints.begin(), one.endpoints.end(), [](endpoint const& each) { return each.tls; });
}

// Settings of TLS that would be without effect are a slip: somebody believes the wire is encrypted.
void check_upstream_tls(snapshot const& all, reader& in) {
    for (std::size_t i = 0; i < in.found.upstreams.size(); ++i) {
        upstream const& one = all.upstreams[i];
        node const* const section = find(*in.found.upstreams[i], "tls");
        if (section == nullptr || section->kind != node_kind::map) continue;
        reader::step const here{in, "upstreams." + one.name + ".tls"};
        if (!one.endpoints.empty() && !speaks_tls(one)) {
            in.refuse(
                *section, "tls without an https:// endpoint", "an endpoint that speaks TLS",
                "write https:// before the endpoint's host");
        }
        if (one.tls.certificate.empty() && find(*section, "key") != nullptr) {
            in.refuse(place(*section, "key"), "a key without a certificate", "both or neither");
        }
    }
}

// Each pair is sensible alone and cannot work together.
void check_limits(snapshot const& all, reader& in) {
    // Left at its default the line's limit gives way to the smaller one of the head.
    node const* const line = find(place(*in.found.root, "limits"), "header_line");
    if (!line || all.limits.header_line_bytes <= all.limits.header_bytes) return;
    reader::step const here{in, "limits.header_line"};
    in.refuse(
        *line, in_quotes(size::text(all.limits.header_line_bytes)),
        "at most limits.header, which is " + size::text(all.limits.header_bytes));
}

void check_dns(snapshot const& all, reader& in) {
    node const& dns = place(*in.found.root, "dns");
    if (all.dns.ttl_min <= all.dns.ttl_max) return;
    // Whichever was written is the one to change.
    std::string const key = find(dns, "ttl_min") ? "ttl_min" : "ttl_max";
    reader::step const here{in, "dns." + key};
    milliseconds const written = key == "ttl_min" ? all.dns.ttl_min : all.dns.ttl_max;
    in.refuse(
        place(dns, key), in_quotes(duration::text(written)),
        key == "ttl_min" ? "at most dns.ttl_max, which is " + duration::text(all.dns.ttl_max)
                         : "at least dns.ttl_min, which is " + duration::text(all.dns.ttl_min));
}

// Only where the balancer's time was written: its default is a guess.
void check_load_balancer(snapshot const& all, reader& in) {
    node const* const section = find(*in.found.root, "alb");
    node const* const timeouts = find(*in.found.root, "timeouts");
    if (!section || !find(*section, "idle_timeout")) return;
    milliseconds const balancer = all.alb.idle_timeout;
    std::string const its = "alb.idle_timeout, which is " + duration::text(balancer);
    for (std::size_t i = 0; i < in.found.routes.size(); ++i) {
        if (all.routes[i].heartbeat < balancer) continue;
        reader::step const here{in, "routes" + index(i) + ".heartbeat"};
        in.refuse(
            place(*in.found.routes[i], "heartbeat"),
            in_quotes(duration::text(all.routes[i].heartbeat)), "less than " + its,
            "auto follows it");
    }
    if (!timeouts) return;
    node const* const keep_alive = find(*timeouts, "keep_alive");
    if (keep_alive && all.timeouts.keep_alive <= balancer) {
        reader::step const here{in, "timeouts.keep_alive"};
        in.refuse(
            *keep_alive, in_quotes(duration::text(all.timeouts.keep_alive)), "more than " + its,
            "leave it out and it follows");
    }
    node const* const head = find(*timeouts, "response_head");
    if (head && all.timeouts.response_head >= balancer) {
        reader::step const here{in, "timeouts.response_head"};
        in.refuse(
            *head, in_quotes(duration::text(all.timeouts.response_head)), "less than " + its,
            "leave it out and it follows");
    }
}

}  // namespace

void follow_load_balancer(snapshot& all, node const& root) {
    node const* const written = find(root, "timeouts");
    milliseconds const balancer = all.alb.idle_timeout;
    for (route& each : all.routes) {
        if (each.heartbeat == automatic_heartbeat) each.heartbeat = balancer / 2;
    }
    if (!written || !find(*written, "keep_alive")) all.timeouts.keep_alive = balancer + 15s;
    if (written && find(*written, "response_head")) return;
    all.timeouts.response_head = balancer > 10s ? balancer - 5s : balancer / 2;
}

void validate(snapshot const& all, reader& in) {
    check_listeners(all, in);
    check_upstreams(all, in);
    check_routes(all, in);
    check_targets(all, in);
    check_repeated_routes(all, in);
    check_limits(all, in);
    check_dns(all, in);
    check_load_balancer(all, in);
    check_upstream_tls(all, in);
    check_metrics(all, in);
}

void name_routes(snapshot& all) {
    std::set<std::string> taken;
    for (route const& one : all.routes) taken.insert(one.name);
    for (route& one : all.routes) {
        if (!one.name.empty()) continue;
        std::string const plain = one.host + one.path + one.prefix;
        one.name = plain;
        for (int i = 2; !taken.insert(one.name).second; ++i) {
            one.name = plain + '#' + std::to_string(i);
        }
    }
}

}  // namespace gateway::settings

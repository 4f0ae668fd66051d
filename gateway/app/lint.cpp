// SPDX-License-Identifier: Apache-2.0
#include "app/lint.hpp"

#include "app/key_search.hpp"
#include "http/methods.hpp"
#include "http/target.hpp"
#include "routing/table.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <tuple>

namespace gateway::app {
namespace {

using settings::duration;
using settings::size;

// ECS's stopTimeout when the task says nothing.
constexpr milliseconds stop_limit{30'000};
// 100 Mbit/s, what an office or a good home has to send with.
constexpr std::uint64_t upload_bytes_a_second = 12'500'000;

constexpr std::array<std::string_view, 9> health_paths{"/livez",  "/readyz",      "/healthz",
                                                       "/health", "/healthcheck", "/health-check",
                                                       "/ready",  "/live",        "/ping"};

struct linter {
    settings::snapshot const& by;
    settings::key_places const& places;
    std::vector<advice> found{};

    void add(std::string key, std::string what, std::string mend) {
        settings::key_place const at = place_of(places, key);
        found.push_back({std::move(key), std::move(what), std::move(mend), at});
    }
    // Without one the gateway meets clients itself.
    bool stands_behind_a_balancer() const { return !by.forwarding.trusted_proxies.empty(); }

    void timeouts();
    void response_head(std::string const& key, milliseconds value);
    void uploads();
    void upload(std::string const& key, byte_count limit);
    void proxies();
    void health_routes();
    void tls();
    void unused_upstreams();
    void reach();
    void path_form(std::size_t i, std::string const& path);
};

void linter::response_head(std::string const& key, milliseconds value) {
    milliseconds const balancer = by.alb.idle_timeout;
    if (!stands_behind_a_balancer() || value < balancer) return;
    add(key,
        duration::text(value) + " is not below the " + duration::text(balancer) +
            " after which an AWS load balancer gives up: it answers 504 before the gateway can say "
            "what was wrong",
        "write at most " + duration::text(balancer > 10s ? balancer - 5s : balancer / 2) +
            ", or raise the load balancer's idle timeout above it, and alb.idle_timeout with it");
}

void linter::timeouts() {
    milliseconds const balancer = by.alb.idle_timeout;
    if (stands_behind_a_balancer() && by.timeouts.keep_alive <= balancer) {
        add("timeouts.keep_alive",
            duration::text(by.timeouts.keep_alive) + " is not above the " +
                duration::text(balancer) +
                " for which an AWS load balancer keeps idle connections: it sends requests into "
                "connections that are just closing and answers 502",
            "write " + duration::text(balancer + 15s) +
                ", or lower the load balancer's idle timeout below it, and alb.idle_timeout with "
                "it");
    }
    response_head("timeouts.response_head", by.timeouts.response_head);
    for (std::size_t i = 0; i < by.routes.size(); ++i) {
        auto const& own = by.routes[i].response_head_timeout;
        if (own) response_head(route_key(i) + ".timeouts.response_head", *own);
    }
    if (by.timeouts.drain >= stop_limit) {
        add("timeouts.drain",
            duration::text(by.timeouts.drain) +
                " is not below the 30s after which ECS kills a container that was told to stop "
                "(Docker: 10s): requests under way are cut",
            "write 25s, or give the task a stopTimeout (compose: stop_grace_period) above it");
    }
}

void linter::upload(std::string const& key, byte_count limit) {
    std::uint64_t const drain = static_cast<std::uint64_t>(by.timeouts.drain.count());
    std::uint64_t const takes = limit * 1'000 / upload_bytes_a_second;
    if (limit != 0 && takes <= drain) return;
    std::string const how_long =
        limit == 0 ? std::string{"an upload without a limit takes as long as it likes"}
                   : "an upload of " + size::text(limit) + " takes " +
                         std::to_string(takes / 1'000) + " s at 100 Mbit/s";
    add(key,
        how_long + ", and timeouts.drain is " + duration::text(by.timeouts.drain) +
            ": every deploy cuts those that are under way",
        limit == 0 ? "write a limit, and raise timeouts.drain (with the platform's stop timeout) "
                     "to what such an upload takes"
                   : "raise timeouts.drain (with the platform's stop timeout), or lower the limit");
}

void linter::uploads() {
    upload("limits.body", by.limits.body_bytes);
    for (std::size_t i = 0; i < by.routes.size(); ++i) {
        if (by.routes[i].body_bytes)
            upload(route_key(i) + ".limits.body", *by.routes[i].body_bytes);
    }
    if (by.limits.body_rate == 0) {
        add("limits.body_rate",
            "any pace will do: a client that sends one byte each " +
                duration::text(by.timeouts.request_body) + " keeps its connection for ever",
            "leave the key out (1KiB), or write a pace that honest clients reach");
    }
}

void linter::proxies() {
    for (std::size_t i = 0; i < by.forwarding.trusted_proxies.size(); ++i) {
        settings::address_range const& each = by.forwarding.trusted_proxies[i];
        bool const whole_v4 = each.prefix_bits == 96;
        if (each.prefix_bits != 0 && !whole_v4) continue;
        add("forwarding.trusted_proxies[" + std::to_string(i) + ']',
            settings::network::text(each) +
                " trusts everybody: any client writes the address that it likes into "
                "X-Forwarded-For, and limits by client do not hold",
            "name the addresses of your proxies, or leave the key out for private ranges");
    }
}

void linter::health_routes() {
    for (std::size_t i = 0; i < by.routes.size(); ++i) {
        std::string const& path =
            by.routes[i].path.empty() ? by.routes[i].prefix : by.routes[i].path;
        if (std::find(health_paths.begin(), health_paths.end(), path) == health_paths.end()) {
            continue;
        }
        add(route_key(i) + (by.routes[i].path.empty() ? ".prefix" : ".path"),
            path +
                " goes to an upstream: a load balancer that checks its targets there takes "
                "every gateway out when one application fails",
            "let it check /readyz at the admin address, which speaks for the gateway alone");
    }
}

void linter::tls() {
    for (settings::upstream const& one : by.upstreams) {
        std::size_t const encrypted = static_cast<std::size_t>(std::count_if(
            one.endpoints.begin(), one.endpoints.end(), [](auto const& each) { return each.tls; }));
        if (encrypted != 0 && !one.tls.verify) {
            add("upstreams." + one.name + ".tls.verify",
                "certificates are not verified: anyone in between can read and change what is sent",
                "name the authority in tls.ca, or the name it stands for in tls.server_name, and "
                "leave the key out");
        }
        if (encrypted != 0 && encrypted != one.endpoints.size()) {
            add("upstreams." + one.name + ".endpoints",
                "some endpoints speak TLS and some do not: part of the traffic is not encrypted",
                "write https:// before all of them");
        }
    }
}

void linter::unused_upstreams() {
    std::set<std::string_view> used;
    for (settings::route const& each : by.routes) {
        used.insert({each.upstream, each.fallback, each.mirror.upstream});
        for (auto const& [name, weight] : each.split) used.insert(name);
    }
    for (settings::upstream const& each : by.upstreams) {
        if (used.contains(each.name)) continue;
        add("upstreams." + each.name, "no route leads to it",
            "write a route to it, or take it out: its names are looked up and its endpoints are "
            "probed all the same");
    }
}

// A request whose path is that of the route goes to another one, whatever its host and method.
void linter::reach() {
    routing::table const table{by};
    for (std::size_t i = 0; i < by.routes.size(); ++i) {
        settings::route const& one = by.routes[i];
        std::string host = one.host.empty() ? "some.host.invalid" : one.host;
        if (host.front() == '*') host.replace(0, 1, "some-subdomain");
        std::vector<std::string> paths{one.path};
        if (one.path.empty()) {
            bool const open = one.prefix.back() != '/';
            paths = {one.prefix, one.prefix + (open ? "/" : "") + "some-page"};
        }
        path_form(i, paths.front());
        std::vector<std::string> methods = one.methods;
        if (methods.empty()) methods = {"GET", "SOME-METHOD"};
        std::size_t taken_by = i;
        bool reached = false;
        for (std::string const& path : paths) {
            for (std::string const& method : methods) {
                auto const went = table.find(host, path, http::method_of(method), method);
                reached = reached || went.route == i;
                if (went.route < by.routes.size() && went.route != i) taken_by = went.route;
            }
        }
        if (reached || taken_by == i) continue;
        settings::key_place const other = place_of(places, route_key(taken_by));
        add(route_key(i),
            "no request takes this route: \"" + by.routes[taken_by].name + "\" (line " +
                std::to_string(other.line) + ") and others fit better wherever it fits",
            "take it out, or give it a path or a host of its own");
    }
}

void linter::path_form(std::size_t i, std::string const& path) {
    std::string scratch(path.size(), '\0');
    std::size_t length = 0;
    auto const form = http::normalise_path(path, scratch, length);
    if (form != http::normal_form::rewritten && form != http::normal_form::refused) return;
    std::string const key = route_key(i) + (by.routes[i].path.empty() ? ".prefix" : ".path");
    if (form == http::normal_form::refused) {
        add(key, "a request with this path is refused, so no request takes this route",
            "write the path as it is in a URL, with its percent-encodings whole");
        return;
    }
    add(key, "requests are compared by the normal form of their path, and this is none",
        "write " + scratch.substr(0, length));
}

}  // namespace

std::vector<advice> lint(settings::loaded const& of) {
    linter all{*of.value, of.places};
    all.timeouts();
    all.uploads();
    all.proxies();
    all.health_routes();
    all.tls();
    all.unused_upstreams();
    all.reach();
    std::stable_sort(all.found.begin(), all.found.end(), [](advice const& a, advice const& b) {
        return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
    });
    return std::move(all.found);
}

std::string to_text(std::string const& file, advice const& one) {
    return place_text(file, one.at) + ": warning: " + one.key + ": " + one.what + "; " + one.mend;
}

}  // namespace gateway::app

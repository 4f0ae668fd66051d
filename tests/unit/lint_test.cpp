// SPDX-License-Identifier: Apache-2.0
// Advice on configurations that are well-formed and unwise: each has its place and its remedy.
#include "app/lint.hpp"

#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gateway;

namespace {

settings::loaded load(std::string const& text) {
    auto loaded = settings::load_text(text, "g.yaml", [](auto) { return std::nullopt; });
    for (auto const& each : loaded.problems) UNSCOPED_INFO(settings::to_text(each));
    REQUIRE(loaded.value);
    return loaded;
}

std::vector<std::string> advice_on(std::string const& text) {
    auto const loaded = load(text);
    std::vector<std::string> all;
    for (auto const& each : app::lint(loaded)) all.push_back(app::to_text(loaded.file, each));
    return all;
}

std::string const base =
    "upstreams:\n"
    "  app: { endpoints: [app:8080] }\n"
    "routes:\n"
    "  - { prefix: /, upstream: app }\n";

// The one piece of advice on this text.
std::string on(std::string const& text) {
    auto const all = advice_on(text);
    for (auto const& each : all) UNSCOPED_INFO(each);
    CHECK(all.size() == 1);
    return all.empty() ? "" : all.front();
}

bool begins(std::string const& text, std::string const& with) {
    CAPTURE(text, with);
    return text.compare(0, with.size(), with) == 0;
}

bool holds(std::string const& text, std::string const& part) {
    CAPTURE(text, part);
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("the smallest configuration needs no advice", "[unit][lint]") {
    CHECK(advice_on(base).empty());
}

TEST_CASE("of the built-in one only its large uploads are told", "[unit][lint]") {
    auto const built_in = settings::load_default([](auto) { return std::nullopt; });
    REQUIRE(built_in.value);
    std::vector<std::string> keys;
    for (auto const& each : app::lint(built_in)) keys.push_back(each.key);
    CHECK(
        keys ==
        std::vector<std::string>{"routes[2].limits.body", "routes[2].timeouts.response_head"});
}

TEST_CASE("time-outs are held against the load balancer's", "[unit][lint]") {
    auto const idle = on(base + "timeouts: { keep_alive: 60s }\n");
    CHECK(begins(idle, "g.yaml:5:25: warning: timeouts.keep_alive: 1m is not above the 1m for"));
    CHECK(holds(idle, "; write 75s, or lower"));
    CHECK(begins(
        on(base + "timeouts: { response_head: 2m }\n"),
        "g.yaml:5:28: warning: timeouts.response_head: 2m is not below the 1m"));
    auto const of_route =
        on("upstreams:\n  app: { endpoints: [app:8080] }\nroutes:\n"
           "  - { prefix: /, upstream: app, timeouts: { response_head: 90s } }\n");
    CHECK(begins(of_route, "g.yaml:4:60: warning: routes[0].timeouts.response_head: 90s"));
    // Who trusts no proxy stands behind none.
    CHECK(advice_on(base + "timeouts: { keep_alive: 10s }\nforwarding: { trusted_proxies: [] }\n")
              .empty());
}

TEST_CASE("the drain is held against the platform's patience", "[unit][lint]") {
    CHECK(begins(
        on(base + "timeouts: { drain: 45s }\n"),
        "g.yaml:5:20: warning: timeouts.drain: 45s is not below the 30s after which ECS kills"));
}

TEST_CASE("uploads are held against the drain", "[unit][lint]") {
    CHECK(begins(
        on(base + "limits: { body: 1GiB }\n"),
        "g.yaml:5:17: warning: limits.body: an upload of 1GiB takes 85 s at 100 Mbit/s, and "
        "timeouts.drain is 25s"));
    CHECK(holds(on(base + "limits: { body: 0 }\n"), "as long as it likes"));
    CHECK(holds(on(base + "limits: { body_rate: 0 }\n"), "keeps its connection for ever"));
    CHECK(advice_on(base + "limits: { body: 100MiB }\n").empty());
}

TEST_CASE("readiness that depends on an application is told", "[unit][lint]") {
    CHECK(begins(
        on("upstreams:\n  app: { endpoints: [app:8080] }\nroutes:\n"
           "  - { prefix: /, upstream: app }\n  - { path: /healthz, upstream: app }\n"),
        "g.yaml:5:13: warning: routes[1].path: /healthz goes to an upstream"));
}

TEST_CASE("TLS that protects nobody is told", "[unit][lint]") {
    CHECK(begins(
        on("upstreams:\n  app: { endpoints: [https://app], tls: { verify: off } }\nroutes:\n"
           "  - { prefix: /, upstream: app }\n"),
        "g.yaml:2:51: warning: upstreams.app.tls.verify: certificates are not verified"));
    CHECK(holds(
        on("upstreams:\n  app: { endpoints: [https://app, http://app] }\nroutes:\n"
           "  - { prefix: /, upstream: app }\n"),
        "some endpoints speak TLS and some do not"));
}

TEST_CASE("upstreams without a route and routes without requests are told", "[unit][lint]") {
    CHECK(begins(
        on("upstreams:\n  app: { endpoints: [app:8080] }\n  old: { endpoints: [old:8080] }\n"
           "routes:\n  - { prefix: /, upstream: app }\n"),
        "g.yaml:3:8: warning: upstreams.old: no route leads to it"));
    // A fallback, a mirror and a split use one too.
    CHECK(advice_on(
              "upstreams:\n  a: { endpoints: [a] }\n  b: { endpoints: [b] }\n  c: { endpoints: "
              "[c] }\n  d: { endpoints: [d] }\nroutes:\n  - { prefix: /, split: { a: 1, b: 1 }, "
              "fallback: c, mirror: { upstream: d } }\n")
              .empty());
    CHECK(begins(
        on("upstreams:\n  app: { endpoints: [app:8080] }\nroutes:\n"
           "  - { prefix: /api, upstream: app }\n  - { path: /api, upstream: app }\n"
           "  - { prefix: /api/, upstream: app }\n"),
        "g.yaml:4:5: warning: routes[0]: no request takes this route: \"/api/\" (line 6)"));
    CHECK(begins(
        on(base + "  - { prefix: /%41pi/, upstream: app }\n"),
        "g.yaml:5:15: warning: routes[1].prefix: requests are compared by the normal form"));
}

TEST_CASE("proxies that everybody can be are told", "[unit][lint]") {
    CHECK(begins(
        on(base + "forwarding: { trusted_proxies: [10.0.0.0/8, 0.0.0.0/0] }\n"),
        "g.yaml:5:45: warning: forwarding.trusted_proxies[1]: 0.0.0.0/0 trusts everybody"));
}

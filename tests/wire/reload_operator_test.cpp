// SPDX-License-Identifier: Apache-2.0
// A reload and the admin listener: what is shown is what runs, and what was done by hand stays
// while the thing it was done to is still there.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/json_value.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>

namespace gateway::support {
namespace {

std::string body_at(gateway_process const& gateway, std::string const& target) {
    return get(gateway.admin_port(), target).body;
}

json_value status_of(gateway_process const& gateway) {
    return json_value::parse(body_at(gateway, "/status"));
}

configuration two_routes(imposter_origin const& a, imposter_origin const& b) {
    return configuration{}
        .upstream("app", {a.endpoint(), b.endpoint()}, ", queue: { requests: 0 }")
        .route("prefix: /, upstream: app")
        .route("prefix: /shop, name: shop, upstream: app");
}

}  // namespace

TEST_CASE("the status page and the settings in effect follow a reload", "[wire][reload]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    gateway_process gateway{settings};
    auto status = status_of(gateway);
    CHECK(status["config"]["generation"].number() == 1);
    CHECK(status["config"]["source"].text() == gateway.settings_path());
    CHECK(!status["config"].has("last_failure"));
    settings.limits("body: 3MiB")
        .upstream("later", {origin.endpoint()}, ", queue: { requests: 7 }");
    gateway.reload(settings);
    status = status_of(gateway);
    CHECK(status["config"]["generation"].number() == 2);
    CHECK(status["upstreams"][1]["name"].text() == "later");
    CHECK(body_at(gateway, "/config").find("body: 3MiB") != std::string::npos);
    CHECK(gateway.metrics().sum("gateway_upstream_queue_limit", {{"upstream", "later"}}) == 7);
    gateway.reload_in_vain(settings.text() + "nonsense: 1\n");
    status = status_of(gateway);
    CHECK(status["config"]["generation"].number() == 2);
    CHECK(status["config"]["last_failure"].text() == "1 problem in the file");
    CHECK(body_at(gateway, "/config").find("nonsense") == std::string::npos);
}

TEST_CASE("what the operator has done by hand outlives a reload", "[wire][reload]") {
    imposter_origin one;
    imposter_origin two;
    auto settings = two_routes(one, two);
    gateway_process gateway{settings};
    CHECK(post(gateway, "/disable?upstream=app&endpoint=" + one.endpoint()).status() == 200);
    CHECK(post(gateway, "/maintenance/on?route=shop&retry_after=9s").status() == 200);
    CHECK(post(gateway, "/log?level=warn").status() == 200);
    gateway.write_settings(settings.limits("body: 3MiB").text());
    gateway.signal(SIGHUP);
    gateway.wait_for_metric("gateway_config_generation", 2);
    CHECK(body_at(gateway, "/log") == "warn\n");
    auto const status = status_of(gateway);
    CHECK(
        status["upstreams"][0]["endpoints"].with("address", one.endpoint())["state"].text() ==
        "disabled");
    auto const closed = get(gateway.port(), "/shop");
    CHECK(closed.status() == 503);
    CHECK(closed.value("Retry-After") == "9");
    auto const before = one.requests().size();
    for (int i = 0; i < 10; ++i) CHECK(get(gateway.port(), "/").status() == 200);
    CHECK(one.requests().size() == before);
}

TEST_CASE("the maintenance of a route ends with the route", "[wire][reload]") {
    imposter_origin one;
    imposter_origin two;
    gateway_process gateway{two_routes(one, two)};
    CHECK(post(gateway, "/maintenance/on?route=shop").status() == 200);
    gateway.reload(all_to(one.endpoint()));
    gateway.wait_for_log("route shop is gone, its maintenance ends");
    gateway.reload(two_routes(one, two));
    CHECK(get(gateway.port(), "/shop").status() == 200);
}

TEST_CASE("readiness does not wait for an upstream that a reload took away", "[wire][reload]") {
    imposter_origin origin;
    auto const settings = [&](bool with_dead_one) {
        configuration all;
        all.upstream("app", {origin.endpoint()});
        if (with_dead_one) {
            all.upstream("dead", {"127.0.0.1:1"}, ", health_check: { type: tcp }");
            all.route("prefix: /dead, upstream: dead");
        }
        all.route("prefix: /, upstream: app")
            .section("admin", "address: \"127.0.0.1:0\", ready: every_upstream");
        return all;
    };
    gateway_process gateway{settings(true)};
    CHECK(get(gateway.admin_port(), "/readyz").status() == 503);
    gateway.reload(settings(false));
    gateway.wait_for_log("ready: endpoints are available");
    CHECK(get(gateway.admin_port(), "/readyz").status() == 200);
}

}  // namespace gateway::support

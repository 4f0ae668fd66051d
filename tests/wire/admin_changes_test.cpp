// SPDX-License-Identifier: Apache-2.0
// What an operator changes while the gateway runs, and who may not.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/json_value.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace gateway::support {
namespace {

std::string query_of(imposter_origin const& origin) {
    return "?upstream=app&endpoint=" + origin.endpoint();
}

std::size_t times_in(std::string const& text, std::string const& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

// Requests until each core has heard of the change: none reaches `origin` any more.
void wait_until_avoided(gateway_process const& gateway, imposter_origin const& origin) {
    auto const until = steady::now() + patience();
    for (;;) {
        auto const before = origin.requests().size();
        for (int i = 0; i < 20; ++i) REQUIRE(get(gateway.port(), "/").status() == 200);
        if (origin.requests().size() == before) return;
        REQUIRE(steady::now() < until);
    }
}

}  // namespace

TEST_CASE("the log level changes while it runs", "[wire][admin]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    CHECK(get(gateway.admin_port(), "/log").body == "info\n");
    auto const done = post(gateway, "/log?level=error");
    CHECK(done.status() == 200);
    CHECK(done.body == "The log level is error.\n");
    gateway.wait_for_log("admin: the log level is error, asked by 127.0.0.1");
    CHECK(get(gateway.admin_port(), "/log").body == "error\n");
    CHECK(gateway.metrics().sum("gateway_admin_changes_total", {{"change", "log_level"}}) == 1);
    auto const wrong = post(gateway, "/log?level=deebug");
    CHECK(wrong.status() == 400);
    CHECK(wrong.body.find("did you mean \"debug\"?") != std::string::npos);
    CHECK(post(gateway, "/log").status() == 400);
}

TEST_CASE("a drained endpoint serves only when no other can", "[wire][admin]") {
    imposter_origin one;
    imposter_origin two;
    gateway_process gateway{configuration{}
                                .upstream("app", {one.endpoint(), two.endpoint()})
                                .route("prefix: /, upstream: app")
                                .runtime("threads: 2")};
    auto const drained = post(gateway, "/drain" + query_of(one));
    CHECK(drained.status() == 200);
    CHECK(drained.body == "The endpoint " + one.endpoint() + " of upstream app is drained.\n");
    wait_until_avoided(gateway, one);
    auto const log = gateway.wait_for_log("is drained, asked by 127.0.0.1");
    CHECK(times_in(log, "is drained") == 1);
    metrics_text::labels const of_one{{"upstream", "app"}, {"endpoint", one.endpoint()}};
    auto with_state = of_one;
    with_state.emplace_back("state", "drained");
    CHECK(gateway.metrics().sum("gateway_endpoint_taken_out", with_state) == 1);
    CHECK(gateway.metrics().sum("gateway_endpoint_available", of_one) == 0);
    auto const status = json_value::parse(get(gateway.admin_port(), "/status").body);
    CHECK(
        status["upstreams"][0]["endpoints"].with("address", one.endpoint())["state"].text() ==
        "drained");

    // The last one goes on rather than nobody.
    auto const both = post(gateway, "/drain" + query_of(two));
    CHECK(both.body.find("requests still go to drained ones") != std::string::npos);
    for (int i = 0; i < 10; ++i) CHECK(get(gateway.port(), "/").status() == 200);

    CHECK(post(gateway, "/undrain" + query_of(one)).status() == 200);
    wait_until_avoided(gateway, two);
    CHECK(gateway.metrics().sum("gateway_endpoint_available", of_one) == 1);
}

TEST_CASE("a disabled endpoint gets nothing at all until it is enabled", "[wire][admin]") {
    imposter_origin one;
    gateway_process gateway{
        configuration{}
            .upstream("app", {one.endpoint()}, ", fail_open: true, queue: { requests: 0 }")
            .route("prefix: /, upstream: app")};
    CHECK(get(gateway.port(), "/").status() == 200);
    auto const done = post(gateway, "/disable" + query_of(one));
    CHECK(done.body.find("No other is available: its requests get 503.") != std::string::npos);
    auto const until = steady::now() + patience();
    message answer = get(gateway.port(), "/");
    while (answer.status() != 503 && steady::now() < until) answer = get(gateway.port(), "/");
    CHECK(answer.body.find("no_endpoint") != std::string::npos);
    CHECK(
        post(gateway, "/disable" + query_of(one)).body.find("as it was before") !=
        std::string::npos);
    CHECK(post(gateway, "/enable" + query_of(one)).status() == 200);
    while (answer.status() != 200 && steady::now() < until) answer = get(gateway.port(), "/");
    CHECK(answer.status() == 200);
}

TEST_CASE("what is not there is refused with what is", "[wire][admin]") {
    imposter_origin one;
    gateway_process gateway{all_to(one.endpoint())};
    auto const endpoint = post(gateway, "/drain?upstream=app&endpoint=10.9.9.9:1");
    CHECK(endpoint.status() == 404);
    CHECK(endpoint.body.find("it has: " + one.endpoint()) != std::string::npos);
    auto const upstream = post(gateway, "/drain?upstream=none&endpoint=10.9.9.9:1");
    CHECK(upstream.body.find("there are: app") != std::string::npos);
    CHECK(post(gateway, "/drain?upstream=app").status() == 400);
    auto const route = post(gateway, "/maintenance/on?route=none");
    CHECK(route.status() == 404);
    CHECK(route.body.find("there are: /") != std::string::npos);
    CHECK(post(gateway, "/maintenance/on?route=/&retry_after=48h").status() == 400);
    CHECK(post(gateway, "/status").status() == 405);
    auto const read = get(gateway.admin_port(), "/drain?upstream=app&endpoint=x");
    CHECK(read.status() == 405);
    CHECK(read.value("Allow") == "POST");
}

TEST_CASE("a route in maintenance says so everywhere in one word", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("name: shop, prefix: /, upstream: app")
                                .route("name: api v2, prefix: /api/, upstream: app")
                                .runtime("threads: 2")};
    auto const done = post(gateway, "/maintenance/on?route=api+v2&retry_after=2m");
    CHECK(done.body == "The route api v2 is closed for maintenance, Retry-After 120.\n");
    gateway.wait_for_log("route api v2 is closed for maintenance, Retry-After 120, asked by");
    auto const until = steady::now() + patience();
    message answer;
    for (int closed = 0; closed < 20;) {
        answer = get(gateway.port(), "/api/x");
        closed = answer.status() == 503 ? closed + 1 : 0;
        REQUIRE(steady::now() < until);
    }
    CHECK(answer.value("Retry-After") == "120");
    CHECK(answer.value("Proxy-Status").find("details=\"maintenance\"") != std::string::npos);
    CHECK(answer.body.find("\"cause\":\"maintenance\"") != std::string::npos);
    CHECK(get(gateway.port(), "/other").status() == 200);
    auto const line = gateway.wait_for_access_line([](json_object const& one) {
        return one.has("cause") && one.text("cause") == "maintenance";
    });
    CHECK(line.text("route") == "api v2");
    // The last one may be counted behind its answer.
    gateway.wait_for_metric_at_least("gateway_errors_total", 20, {{"cause", "maintenance"}});
    CHECK(gateway.metrics().sum("gateway_route_maintenance", {{"route", "api v2"}}) == 1);
    auto const status = json_value::parse(get(gateway.admin_port(), "/status").body);
    CHECK(status["routes"].with("name", "api v2")["maintenance"].flag());
    CHECK(status["routes"].with("name", "api v2")["retry_after"].text() == "120");

    CHECK(
        post(gateway, "/maintenance/off?route=api+v2").body == "The route api v2 is open again.\n");
    for (int open = 0; open < 20;) {
        open = get(gateway.port(), "/api/x").status() == 200 ? open + 1 : 0;
        REQUIRE(steady::now() < until);
    }
    CHECK(gateway.metrics().sum("gateway_route_maintenance") == 0);
}

TEST_CASE("a web page elsewhere cannot change anything", "[wire][admin]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    auto const port = std::to_string(gateway.admin_port());
    auto const fields = GENERATE_COPY(
        std::string{"Origin: https://evil.example\r\n"}, std::string{"Origin: null\r\n"},
        std::string{"Sec-Fetch-Site: cross-site\r\n"}, std::string{"Sec-Fetch-Site: same-site\r\n"},
        "Origin: http://localhost:" + port + "1\r\n");
    CAPTURE(fields);
    auto const refused = post(gateway, "/log?level=debug", fields);
    CHECK(refused.status() == 403);
    CHECK(refused.body.find("another site") != std::string::npos);
    CHECK(get(gateway.admin_port(), "/log").body == "info\n");
    CHECK(gateway.metrics().sum("gateway_admin_changes_refused_total") == 1);
    gateway.wait_for_log("admin: /log from 127.0.0.1 refused");
    // Its own may.
    CHECK(
        post(
            gateway, "/log?level=debug",
            "Origin: http://localhost:" + port + "\r\nSec-Fetch-Site: same-origin\r\n")
            .status() == 200);
}

TEST_CASE("a name that leads to loopback is no way in", "[wire][admin]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    auto const refused =
        ask(gateway.admin_port(),
            "POST /log?level=debug HTTP/1.1\r\nHost: rebound.evil.example\r\n"
            "Origin: http://rebound.evil.example\r\nSec-Fetch-Site: same-origin\r\n\r\n");
    CHECK(refused.status() == 403);
    CHECK(refused.body.find("admin.token") != std::string::npos);
}

TEST_CASE("beyond loopback nothing changes without a token", "[wire][admin]") {
    gateway_process gateway{all_to("127.0.0.1:1").section("admin", "address: \"0.0.0.0:0\"")};
    auto const refused = post(gateway, "/log?level=debug");
    CHECK(refused.status() == 403);
    CHECK(refused.body.find("the admin listener is on 0.0.0.0") != std::string::npos);
    CHECK(refused.body.find("Set admin.token") != std::string::npos);
    auto const status = json_value::parse(get(gateway.admin_port(), "/status").body);
    CHECK(status["changes"].text() == "refused");
}

TEST_CASE("with a token whoever has it may change, from anywhere", "[wire][admin]") {
    gateway_process gateway{
        all_to("127.0.0.1:1").section("admin", "address: \"0.0.0.0:0\", token: \"${TOKEN:-}\""),
        {.environment = {"TOKEN=correct-horse-battery-staple"}}};
    auto const nothing = post(gateway, "/log?level=debug");
    CHECK(nothing.status() == 401);
    CHECK(nothing.value("WWW-Authenticate").starts_with("Bearer"));
    for (auto const wrong :
         {"correct-horse-battery-stapl", "correct-horse-battery-staple2", "x", ""}) {
        auto const fields = std::string{"Authorization: Bearer "} + wrong + "\r\n";
        CHECK(post(gateway, "/log?level=debug", fields).status() == 401);
    }
    CHECK(get(gateway.admin_port(), "/log").body == "info\n");
    auto const fields = std::string{"Authorization: Bearer correct-horse-battery-staple\r\n"};
    CHECK(post(gateway, "/log?level=debug", fields).status() == 200);
    // Reading asks for nothing, and the secret is nowhere to be read.
    CHECK(get(gateway.admin_port(), "/config").body.find("horse") == std::string::npos);
    CHECK(gateway.log().find("horse") == std::string::npos);
    CHECK(gateway.metrics().sum("gateway_admin_changes_refused_total") == 5);
}

TEST_CASE("the public listener changes nothing", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(ask(gateway.port(), post_request("/log?level=debug", "")).body == "hello");
    CHECK(get(gateway.admin_port(), "/log").body == "info\n");
}

}  // namespace gateway::support

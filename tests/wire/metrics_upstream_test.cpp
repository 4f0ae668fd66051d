// SPDX-License-Identifier: Apache-2.0
// What the metrics say of upstreams and of requests under way, and in which format.
#include "base/units.hpp"
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <thread>

namespace gateway::support {

TEST_CASE("attempts, first bytes and connections are timed by endpoint", "[wire][metrics]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    for (int i = 0; i < 5; ++i) get(gateway.port(), "/");
    gateway.wait_for_metric("http_requests_total", 5);
    auto const metrics = gateway.metrics();
    CAPTURE(metrics.text());
    metrics_text::labels const one{{"upstream", "app"}, {"endpoint", origin.endpoint()}};
    CHECK(metrics.sum("gateway_upstream_request_duration_seconds_count", one) == 5);
    CHECK(metrics.sum("gateway_upstream_request_duration_seconds_sum", one) > 0);
    CHECK(metrics.sum("gateway_upstream_time_to_first_byte_seconds_count", one) == 5);
    CHECK(
        metrics.sum("gateway_upstream_time_to_first_byte_seconds_sum", one) <=
        metrics.sum("gateway_upstream_request_duration_seconds_sum", one));
    CHECK(
        metrics.sum("gateway_upstream_connect_duration_seconds_count", one) ==
        double(origin.connections()));
    metrics_text::labels const idle{{"upstream", "app"}, {"state", "idle"}};
    metrics_text::labels const active{{"upstream", "app"}, {"state", "active"}};
    CHECK(metrics.sum("gateway_upstream_pool_connections", idle) == 1);
    CHECK(metrics.sum("gateway_upstream_pool_connections", active) == 0);
    CHECK(metrics.sum("gateway_upstream_queue_limit", {{"upstream", "app"}}) == 200);
    CHECK(metrics.sum("gateway_connections_limit") > 0);
    CHECK(metrics.sum("gateway_config_generation") == 1);
    CHECK(metrics.sum("gateway_config_last_reload_successful") == 1);
}

TEST_CASE("an attempt that fails is timed as well, and has no first byte", "[wire][metrics]") {
    imposter_origin origin{[](origin_connection& connection) { connection.receive_request(); }};
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(ask(gateway.port(), post_request("/", "x")).status() == 502);
    gateway.wait_for_metric("gateway_upstream_request_duration_seconds_count", 1);
    CHECK_FALSE(gateway.metrics().has("gateway_upstream_time_to_first_byte_seconds_count"));
}

TEST_CASE("requests under way are counted by what they wait for", "[wire][metrics]") {
    gate answer;
    imposter_origin origin;
    origin.when_open(answer, "/long", "done");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client half{gateway.port()};
    half.send("GET / HTTP/1.1\r\nHost: t\r\n");
    raw_client busy{gateway.port()};
    busy.send(get_request("/long"));
    origin.wait_for_requests(1);
    gateway.wait_for_metric("gateway_inflight_requests", 1, {{"phase", "waiting"}});
    gateway.wait_for_metric("gateway_inflight_requests", 1, {{"phase", "receiving"}});
    // Ages grow from one scrape to the next.
    auto const age = [&] {
        return gateway.metrics().sum("gateway_inflight_oldest_seconds", {{"phase", "waiting"}});
    };
    auto const begun = clock::now();
    while (age() == 0 && clock::now() - begun < patience(10s)) std::this_thread::yield();
    auto const first = age();
    CHECK(first > 0);
    CHECK(age() > first);
    answer.open();
    CHECK(busy.receive().status() == 200);
    half.send("\r\n");
    CHECK(half.receive().status() == 200);
    gateway.wait_for_metric("gateway_inflight_requests", 0);
    gateway.wait_for_metric("gateway_inflight_oldest_seconds", 0);
}

TEST_CASE("OpenMetrics comes when asked for, with the way to the log", "[wire][metrics]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const id = get(gateway.port(), "/").value("X-Request-Id");
    gateway.wait_for_metric("http_requests_total", 1);
    auto const page =
        ask(gateway.admin_port(),
            get_request("/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n"));
    CHECK(page.value("Content-Type").starts_with("application/openmetrics-text; version=1.0.0"));
    CHECK(page.body.ends_with("\n# EOF\n"));
    CHECK_FALSE(id.empty());
    CHECK(page.body.find(" # {request_id=\"" + id + "\"} ") != std::string::npos);
}

TEST_CASE("a family keeps to its limit of series, and nothing is lost", "[wire][metrics]") {
    imposter_origin origin;
    auto settings = configuration{}.upstream("app", {origin.endpoint()});
    for (int i = 0; i < 20; ++i) {
        settings.route(
            "name: r" + std::to_string(i) + ", prefix: /" + std::to_string(i) + "/, upstream: app");
    }
    settings.section("metrics", "series: 10, nginx: off, duration_buckets: [1ms, 1h]");
    gateway_process gateway{settings};
    for (int i = 0; i < 20; ++i) get(gateway.port(), "/" + std::to_string(i) + "/");
    gateway.wait_for_metric("http_requests_total", 20);
    auto const metrics = gateway.metrics();
    CHECK(metrics.sum("http_requests_total", {{"route", "overflow"}}) == 10);
    CHECK(metrics.sum("http_request_duration_seconds_count", {{"route", "overflow"}}) == 10);
    CHECK(metrics.sum("http_request_duration_seconds_bucket", {{"le", "3600"}}) == 20);
    CHECK(metrics.sum("gateway_metrics_overflowing_label_sets") == 20);
    CHECK_FALSE(metrics.has("nginx_up"));
    gateway.wait_for_log("http_requests_total has more than 10 series");
}

}  // namespace gateway::support

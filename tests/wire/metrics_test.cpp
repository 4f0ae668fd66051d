// SPDX-License-Identifier: Apache-2.0
// What /metrics says equals the traffic that was sent.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {

TEST_CASE("requests are counted by route, method and status", "[wire][metrics]") {
    imposter_origin origin;
    origin.when("/made", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .upstream("dead", {"127.0.0.1:1"})
                                .route("name: main, prefix: /, upstream: app")
                                .route("name: broken, prefix: /dead/, upstream: dead")
                                .runtime("threads: 2")};
    for (int i = 0; i < 7; ++i) get(gateway.port(), "/");
    for (int i = 0; i < 5; ++i) ask(gateway.port(), post_request("/made", "x"));
    for (int i = 0; i < 3; ++i) get(gateway.port(), "/dead/");
    gateway.wait_for_metric("http_requests_total", 15);
    auto const metrics = gateway.metrics();
    CAPTURE(metrics.text());
    auto const requests = [&](metrics_text::labels const& labels) {
        return metrics.sum("http_requests_total", labels);
    };
    CHECK(requests({{"route", "main"}, {"method", "GET"}, {"status_code", "200"}}) == 7);
    CHECK(requests({{"route", "main"}, {"method", "POST"}, {"status_code", "201"}}) == 5);
    CHECK(requests({{"route", "broken"}, {"method", "GET"}, {"status_code", "502"}}) == 3);
    CHECK(metrics.sum("http_request_duration_seconds_count") == 15);
    CHECK(metrics.sum("http_request_duration_seconds_bucket", {{"le", "+Inf"}}) == 15);
    CHECK(metrics.sum("http_request_duration_seconds_sum") > 0);
    CHECK(metrics.sum("gateway_errors_total", {{"cause", "connect_refused"}}) == 3);
    auto const app = metrics_text::labels{{"upstream", "app"}};
    CHECK(metrics.sum("gateway_upstream_attempts_total", app) == 12);
    auto const created = metrics.sum("gateway_upstream_connections_created_total", app);
    auto const reused = metrics.sum("gateway_upstream_connections_reused_total", app);
    CHECK(created == double(origin.connections()));
    CHECK(created + reused == 12);
    CHECK(
        metrics.sum(
            "gateway_upstream_failures_total",
            {{"upstream", "dead"}, {"cause", "connect_refused"}}) >= 3);
    CHECK(metrics.sum("gateway_connections_accepted_total") == 15);
}

TEST_CASE("bytes are counted as they passed", "[wire][metrics]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    double sent = 0;
    double received = 0;
    raw_client client{gateway.port()};
    for (std::size_t const size : {0, 10, 1'000, 100'000, 1'000'000}) {
        origin.otherwise(imposter_origin::ok(std::string(2 * size, 'x')));
        auto const request = post_request("/", std::string(size, 'y'));
        client.send(request);
        auto const response = client.receive();
        sent += double(request.size());
        received += double(response.head.size() + response.body.size());
    }
    gateway.wait_for_metric("http_requests_total", 5);
    CHECK(gateway.metrics().sum("gateway_bytes_received_total") == sent);
    CHECK(gateway.metrics().sum("gateway_bytes_sent_total") == received);
}

TEST_CASE("gauges follow what is open right now", "[wire][metrics]") {
    gate answer;
    imposter_origin origin;
    origin.when_open(answer, "/long", "done");
    gateway_process gateway{all_to(origin.endpoint())};
    {
        raw_client idle{gateway.port()};
        idle.send(get_request("/"));
        CHECK(idle.receive().status() == 200);
        raw_client busy{gateway.port()};
        busy.send(get_request("/long"));
        origin.wait_for_requests(2);
        gateway.wait_for_metric("gateway_connections_active", 2);
        gateway.wait_for_metric("gateway_connections_idle", 1);
        gateway.wait_for_metric("gateway_requests_in_flight", 1);
        answer.open();
        CHECK(busy.receive().status() == 200);
        gateway.wait_for_metric("gateway_connections_idle", 2);
        gateway.wait_for_metric("gateway_requests_in_flight", 0);
    }
    gateway.wait_for_metric("gateway_connections_active", 0);
    gateway.wait_for_metric("gateway_connections_idle", 0);
}

TEST_CASE("an open tunnel is one", "[wire][metrics]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
            "Connection: upgrade\r\n\r\n");
        connection.closed_by_peer();
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/", "Upgrade: x\r\nConnection: upgrade\r\n"));
    CHECK(client.receive_only_head().status() == 101);
    gateway.wait_for_metric("gateway_tunnels_open", 1);
    client.close();
    gateway.wait_for_metric("gateway_tunnels_open", 0);
    gateway.wait_for_metric("http_requests_total", 1, {{"status_code", "101"}});
}

TEST_CASE("a client cannot invent label values", "[wire][metrics]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    ask(gateway.port(), "BREW /a HTTP/1.1\r\nHost: t\r\n\r\n");
    ask(gateway.port(), "WHEN /b HTTP/1.1\r\nHost: t\r\n\r\n");
    gateway.wait_for_metric("http_requests_total", 2, {{"method", "other"}});
    CHECK(gateway.metrics().text().find("BREW") == std::string::npos);
}

TEST_CASE("a refused connection is counted by its cause", "[wire][metrics]") {
    gate go;
    imposter_origin origin;
    origin.when("/wait", [&](origin_connection& client, message const&) {
        go.wait();
        client.send(imposter_origin::ok("done"));
    });
    gateway_process gateway{all_to(origin.endpoint()).limits("connections: 1")};
    raw_client first{gateway.port()};
    first.send(get_request("/wait"));
    origin.wait_for_requests(1);
    raw_client second{gateway.port()};
    CHECK(second.receive().status() == 503);
    go.open();
    CHECK(first.receive().status() == 200);
    gateway.wait_for_metric(
        "gateway_connections_refused_total", 1, {{"cause", "too_many_connections"}});
}

TEST_CASE("health and figures are on the admin port and nowhere else", "[wire][metrics]") {
    imposter_origin origin;
    origin.when("/metrics", imposter_origin::ok("the application's own"));
    gateway_process gateway{all_to(origin.endpoint())};
    auto const page = get(gateway.admin_port(), "/metrics");
    CHECK(page.status() == 200);
    CHECK(page.value("Content-Type").starts_with("text/plain"));
    auto const metrics = gateway.metrics();
    CHECK(metrics.sum("process_resident_memory_bytes") > 1'000'000);
    CHECK(metrics.sum("process_open_fds") > 3);
    CHECK(metrics.has("process_cpu_seconds_total"));
    CHECK(metrics.sum("gateway_build_info") == 1);
    CHECK(get(gateway.admin_port(), "/livez").status() == 200);
    CHECK(get(gateway.admin_port(), "/readyz").status() == 200);
    CHECK(get(gateway.admin_port(), "/other").status() == 404);
    CHECK(get(gateway.port(), "/metrics").body == "the application's own");
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Active health checks: who gets traffic, and what the operator sees of it.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>

namespace gateway::support {
namespace {

std::string const quick =
    ", health_check: { path: /health, interval: 100ms, interval_unhealthy: 100ms, "
    "interval_new: 100ms, timeout: 1s }";

std::size_t count_of(imposter_origin const& origin, std::string const& path) {
    auto const all = origin.requests();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](auto const& each) { return each.target() == path; }));
}

std::size_t times_in(std::string const& text, std::string const& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

metrics_text::labels endpoint_of(imposter_origin const& origin) {
    return {{"upstream", "app"}, {"endpoint", origin.endpoint()}};
}

metrics_text::labels with(
    metrics_text::labels by, std::string const& name, std::string const& value) {
    by.emplace_back(name, value);
    return by;
}

// An origin whose health is a switch.
struct patient : imposter_origin {
    patient() {
        when("/health", [this](origin_connection& connection, message const&) {
            connection.send(well ? ok("fine") : "HTTP/1.1 503 Unwell\r\nContent-Length: 0\r\n\r\n");
        });
    }
    std::atomic<bool> well{true};
};

}  // namespace

TEST_CASE("an endpoint gets no request before its first pass", "[wire][health]") {
    patient good;
    patient starting;
    starting.well = false;
    gateway_process gateway{configuration{}
                                .upstream("app", {good.endpoint(), starting.endpoint()}, quick)
                                .route("prefix: /, upstream: app")};
    for (int i = 0; i < 30; ++i) REQUIRE(get(gateway.port(), "/").status() == 200);
    starting.wait_for_requests(5);  // probes, one after another
    CHECK(count_of(starting, "/") == 0);
    CHECK(count_of(good, "/") == 30);
    CHECK(gateway.metrics().sum("gateway_endpoint_available", endpoint_of(starting)) == 0);
    starting.well = true;
    gateway.wait_for_metric("gateway_endpoint_available", 1, endpoint_of(starting));
    // It begins slowly beside the other.
    for (int i = 0; i < 400 && count_of(starting, "/") == 0; ++i) get(gateway.port(), "/");
    CHECK(count_of(starting, "/") > 0);
}

TEST_CASE("a fall is one line and one count, and so is the return", "[wire][health]") {
    patient one;
    patient other;
    gateway_process gateway{configuration{}
                                .upstream("app", {one.endpoint(), other.endpoint()}, quick)
                                .route("prefix: /, upstream: app")};
    gateway.wait_for_metric("gateway_endpoint_available", 2, {{"upstream", "app"}});
    one.well = false;
    auto const fallen = "endpoint " + one.endpoint() + " is unhealthy: status 503, 2 failed probes";
    gateway.wait_for_log(fallen);
    // The thread that serves hears of it a moment later.
    auto const limit = steady::now() + patience();
    int elsewhere = 0;
    while (elsewhere < 30 && steady::now() < limit) {
        auto const before = count_of(one, "/");
        REQUIRE(get(gateway.port(), "/").status() == 200);
        elsewhere = count_of(one, "/") == before ? elsewhere + 1 : 0;
    }
    CHECK(elsewhere == 30);
    auto const probes = count_of(one, "/health");
    one.wait_for_requests(one.requests().size() + 5);
    CHECK(count_of(one, "/health") >= probes + 5);
    CHECK(times_in(gateway.log(), "is unhealthy") == 1);
    auto const down = with(endpoint_of(one), "to", "unhealthy");
    CHECK(gateway.metrics().sum("gateway_endpoint_health_changes_total", down) == 1);
    one.well = true;
    gateway.wait_for_metric("gateway_endpoint_healthy", 1, endpoint_of(one));
    auto const well = "endpoint " + one.endpoint() + " is healthy";
    auto const until = steady::now() + patience();
    while (times_in(gateway.log(), well) < 2 && steady::now() < until) {}
    CHECK(times_in(gateway.log(), well) == 2);
    auto const up = with(endpoint_of(one), "to", "healthy");
    CHECK(gateway.metrics().sum("gateway_endpoint_health_changes_total", up) == 2);
}

TEST_CASE("probes say who they are and stay out of the access log", "[wire][health]") {
    patient origin;
    gateway_process gateway{
        configuration{}
            .upstream(
                "app", {origin.endpoint()},
                ", host: app.example, health_check: { path: /health, interval: 100ms, headers: { "
                "X-Probe: yes } }")
            .route("prefix: /, upstream: app")};
    origin.wait_for_requests(3);
    CHECK(get(gateway.port(), "/x").status() == 200);
    gateway.wait_for_access_line_of("/x");
    for (auto const& line : gateway.access_lines()) CHECK(line.text("path") != "/health");
    auto const probe = origin.requests().front();
    CHECK(probe.target() == "/health");
    CHECK(probe.value("User-Agent") == "gateway-health-check");
    CHECK(probe.value("Host") == "app.example");
    CHECK(probe.value("X-Probe") == "yes");
    auto const passed = with(endpoint_of(origin), "result", "passed");
    CHECK(gateway.metrics().sum("gateway_health_probes_total", passed) >= 2);
    CHECK(gateway.metrics().sum("http_requests_total") == 1);
}

TEST_CASE("probes run once for the process, not for each thread", "[wire][health]") {
    patient origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()}, quick)
                                .route("prefix: /, upstream: app")
                                .runtime("threads: 4")};
    for (int i = 0; i < 20; ++i) REQUIRE(get(gateway.port(), "/").status() == 200);
    origin.wait_for_requests(26);
    auto const probes = static_cast<double>(count_of(origin, "/health"));
    auto const counted = gateway.metrics().sum("gateway_health_probes_total");
    CHECK(counted >= probes - 1);
    CHECK(counted <= static_cast<double>(count_of(origin, "/health")));
}

TEST_CASE("what a probe expects decides", "[wire][health]") {
    auto const [settings, answer, result] = GENERATE(table<std::string, std::string, std::string>({
        {"expect_status: [204]", "HTTP/1.1 204 No Content\r\n\r\n", "passed"},
        {"expect_status: [200-299, 401]", "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "passed"},
        {"expect_status: [2xx]", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "wrong_status"},
        {"expect_body: ready", imposter_origin::ok("we are ready now"), "passed"},
        {"expect_body: ready", imposter_origin::ok("we are not"), "wrong_body"},
        {"expect_body: ready",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n",
         "passed"},
        {"path: /", "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "passed"},
        {"path: /", "SSH-2.0-OpenSSH\r\n", "not_http"},
    }));
    CAPTURE(settings, answer);
    imposter_origin origin{[answer = answer](origin_connection& connection) {
        connection.receive_request();
        connection.send(answer);
    }};
    gateway_process gateway{
        configuration{}
            .upstream(
                "app", {origin.endpoint()}, ", health_check: { interval: 100ms, " + settings + " }")
            .route("prefix: /, upstream: app")};
    origin.wait_for_requests(2);
    auto const by = with(endpoint_of(origin), "result", result);
    auto const page = gateway.metrics();
    CHECK(page.sum("gateway_health_probes_total", by) >= 1);
    CHECK(
        page.sum("gateway_health_probes_total", by) ==
        page.sum("gateway_health_probes_total", endpoint_of(origin)));
}

TEST_CASE("a probe that is not answered in time has failed", "[wire][health]") {
    gate end;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        end.wait();
    }};
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()}, ", health_check: { timeout: 100ms }")
            .route("prefix: /, upstream: app")};
    origin.wait_for_requests(2);
    auto const by = with(endpoint_of(origin), "result", "timeout");
    CHECK(gateway.metrics().sum("gateway_health_probes_total", by) >= 1);
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 503);
    CHECK(json_object{reply.body}.text("cause") == "no_endpoint");
    end.open(1'000);
}

TEST_CASE("a TCP check asks for a connection only", "[wire][health]") {
    imposter_origin origin;
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()}, ", health_check: { type: tcp, interval: 100ms }")
            .route("prefix: /, upstream: app")};
    CHECK(get(gateway.port(), "/").status() == 200);
    gateway.wait_for_metric("gateway_endpoint_healthy", 1, endpoint_of(origin));
    CHECK(origin.requests().size() == 1);
}

TEST_CASE(
    "fail_open sends requests to unhealthy endpoints when there is no other", "[wire][health]") {
    patient origin;
    bool const open = GENERATE(false, true);
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()}, quick + (open ? ", fail_open: true" : ""))
            .route("prefix: /, upstream: app")};
    CHECK(get(gateway.port(), "/").status() == 200);
    origin.well = false;
    gateway.wait_for_metric("gateway_endpoint_healthy", 0, endpoint_of(origin));
    gateway.wait_for_log("is unhealthy");
    // The verdict reaches the core a moment after the page.
    auto const until = steady::now() + patience();
    auto reply = get(gateway.port(), "/");
    while (!open && reply.status() == 200 && steady::now() < until)
        reply = get(gateway.port(), "/");
    CHECK(reply.status() == (open ? 200 : 503));
}

TEST_CASE("the gateway ends at once with probes under way", "[wire][health]") {
    gate end;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        end.wait();
    }};
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()}, ", health_check: { timeout: 60s }")
            .route("prefix: /, upstream: app")};
    origin.wait_for_requests(1);
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit(patience(5s)) == 0);
    end.open(1'000);
}

}  // namespace gateway::support

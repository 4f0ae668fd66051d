// SPDX-License-Identifier: Apache-2.0
// What an operator reads on the admin port: the state, the requests under way, the settings, the
// dashboard and its events.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/json_value.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <vector>

namespace gateway::support {
namespace {

json_value page(gateway_process const& gateway, std::string const& path) {
    auto const answer = get(gateway.admin_port(), path);
    CAPTURE(answer.body);
    REQUIRE(answer.status() == 200);
    REQUIRE(answer.value("Content-Type") == "application/json");
    return json_value::parse(answer.body);
}

json_value next_event(raw_client& client) {
    auto const text = client.receive_until("\n\n");
    auto const begin = text.find("data: ");
    return json_value::parse(text.substr(begin + 6, text.size() - begin - 8));
}

}  // namespace

TEST_CASE("/status tells versions, upstreams, routes and what went wrong", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .upstream("dead", {"127.0.0.1:1"})
                                .route("name: main, prefix: /, upstream: app")
                                .route("name: broken, prefix: /dead/, upstream: dead")
                                .runtime("threads: 2")};
    for (int i = 0; i < 3; ++i) get(gateway.port(), "/");
    auto const failed =
        get(gateway.port(), "/dead/letter?token=secret", "X-Request-Id: the-one-that-failed\r\n");
    CHECK(failed.status() == 502);
    gateway.wait_for_metric("http_requests_total", 4);

    auto const status = page(gateway, "/status");
    CHECK(status["version"].text().size() > 2);
    CHECK(status["ready"].flag());
    CHECK(status["readiness"].text() == "serving");
    CHECK(status["changes"].text() == "loopback");
    CHECK(status["log_level"].text() == "info");
    CHECK(status["uptime_s"].number() >= 0);
    CHECK(status["config"]["source"].text().ends_with(".yaml"));
    CHECK(status["config"]["generation"].number() == 1);
    CHECK(status["cores"].size() == 2);
    CHECK(status["requests"]["ended"].number() == 4);
    CHECK(status["requests"]["in_flight"].number() == 0);
    auto const& app = status["upstreams"].with("name", "app");
    CHECK(app["endpoints"][0]["address"].text() == origin.endpoint());
    CHECK(app["endpoints"][0]["state"].text() == "available");
    CHECK(app["endpoints"][0]["requests"].number() == 3);
    auto const& dead = status["upstreams"].with("name", "dead");
    CHECK(dead["endpoints"][0]["failures"].number() >= 1);
    CHECK(status["routes"].with("name", "broken")["upstream"].text() == "dead");
    CHECK(!status["routes"].with("name", "broken")["maintenance"].flag());
    CHECK(status["causes"].with("cause", "connect_refused")["total"].number() == 1);
    auto const& error = status["errors"].with("request_id", "the-one-that-failed");
    CHECK(error["cause"].text() == "connect_refused");
    CHECK(error["status"].number() == 502);
    CHECK(error["path"].text() == "/dead/letter");
    CHECK(error["route"].text() == "broken");
    CHECK(error["endpoint"].text() == "127.0.0.1:1");
    CHECK(!error["by_client"].flag());
}

TEST_CASE("what clients do wrong does not push out what upstreams do", "[wire][admin]") {
    gateway_process gateway{
        configuration{}.upstream("dead", {"127.0.0.1:1"}).route("prefix: /dead/, upstream: dead")};
    get(gateway.port(), "/dead/", "X-Request-Id: upstreams-own\r\n");
    raw_client scanner{gateway.port()};
    for (int i = 0; i < 200; ++i) {
        scanner.send(get_request("/wp-login.php"));
        REQUIRE(scanner.receive().status() == 404);
    }
    gateway.wait_for_metric("http_requests_total", 201);
    auto const errors = page(gateway, "/status")["errors"];
    CHECK(errors.with("request_id", "upstreams-own")["cause"].text() == "connect_refused");
    CHECK(errors.with("cause", "no_route")["by_client"].flag());
    CHECK(errors.size() < 50);
}

TEST_CASE("an unhealthy endpoint has its reason", "[wire][admin]") {
    std::atomic<bool> well{true};
    imposter_origin origin;
    origin.when("/health", [&](origin_connection& connection, message const&) {
        connection.send(
            well ? imposter_origin::ok("fine") : "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    });
    gateway_process gateway{
        configuration{}
            .upstream(
                "app", {origin.endpoint()},
                ", health_check: { path: /health, interval: 100ms, interval_new: 100ms, "
                "interval_unhealthy: 100ms }")
            .route("prefix: /, upstream: app")};
    CHECK(get(gateway.port(), "/").status() == 200);
    well = false;
    gateway.wait_for_log("is unhealthy");
    auto const status = page(gateway, "/status");
    auto const& one = status["upstreams"][0]["endpoints"][0];
    CHECK(one["state"].text() == "unhealthy");
    CHECK(one["why"].text().find("500") != std::string::npos);
    CHECK(status["upstreams"][0]["health_check"].flag());
}

TEST_CASE("/inflight shows who waits for what, and for how long", "[wire][admin]") {
    gate answer;
    imposter_origin origin;
    origin.when_open(answer, "/slow", "done");
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("name: main, prefix: /, upstream: app")
                                .runtime("threads: 2")};
    CHECK(page(gateway, "/inflight")["in_flight"].number() == 0);
    raw_client slow{gateway.port()};
    slow.send(post_request("/slow?secret=1", "12345", "X-Request-Id: slow-one\r\n"));
    origin.wait_for_requests(1);
    raw_client slower{gateway.port()};
    slower.send("GET /never HTTP/1.1\r\n");  // its head is not complete

    auto all = page(gateway, "/inflight");
    // A head that is being received is a request from its first byte on.
    while (all["in_flight"].number() < 2) all = page(gateway, "/inflight");
    auto const& waiting = all["requests"].with("request_id", "slow-one");
    CHECK(waiting["phase"].text() == "waiting");
    CHECK(waiting["age_ms"].number() > 0);
    CHECK(waiting["method"].text() == "POST");
    CHECK(waiting["path"].text() == "/slow");
    CHECK(waiting["host"].text().size() > 0);
    CHECK(waiting["route"].text() == "main");
    CHECK(waiting["upstream"].text() == "app");
    CHECK(waiting["endpoint"].text() == origin.endpoint());
    CHECK(waiting["client"].text() == "127.0.0.1");
    CHECK(waiting["bytes_in"].number() > 50);
    CHECK(waiting["bytes_out"].number() == 0);
    auto const& receiving = all["requests"].with("phase", "receiving");
    CHECK(receiving["bytes_in"].number() > 0);

    CHECK(page(gateway, "/inflight?limit=1")["requests"].size() == 1);
    CHECK(page(gateway, "/inflight?limit=1")["matching"].number() == 2);
    auto const old = page(gateway, "/inflight?older=1h");
    CHECK(old["matching"].number() == 0);
    CHECK(old["in_flight"].number() == 2);
    auto const wrong = get(gateway.admin_port(), "/inflight?older=5");
    CHECK(wrong.status() == 400);
    CHECK(wrong.body.find("did you mean \"5s\"?") != std::string::npos);
    answer.open();
    CHECK(slow.receive().body == "done");
}

TEST_CASE("a response and a tunnel on their way have their phases", "[wire][admin]") {
    gate halfway;
    imposter_origin origin{[&](origin_connection& connection) {
        auto const request = connection.receive_request();
        if (!request) return;
        if (request->has("Upgrade")) {
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
            connection.closed_by_peer();
        } else {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
            halfway.wait();
            connection.send("half");
        }
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client reader{gateway.port()};
    reader.send(get_request("/body"));
    reader.receive_until("half");
    raw_client tunnel{gateway.port()};
    tunnel.send(get_request("/", "Upgrade: x\r\nConnection: upgrade\r\n"));
    CHECK(tunnel.receive_only_head().status() == 101);
    auto const all = page(gateway, "/inflight");
    CHECK(all["requests"].with("path", "/body")["phase"].text() == "responding");
    CHECK(all["requests"].with("path", "/body")["bytes_out"].number() > 20);
    CHECK(all["requests"].with("path", "/")["phase"].text() == "tunnelling");
    halfway.open();
}

TEST_CASE("/inflight looks at thousands of connections in one go", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).limits("connections_per_client: 0")};
    std::vector<raw_client> idle;
    for (int i = 0; i < 700; ++i) {
        idle.emplace_back(gateway.port());
        idle.back().send("G");
    }
    gateway.wait_for_metric("gateway_connections_active", 700);
    auto all = page(gateway, "/inflight");
    while (all["in_flight"].number() < 700) all = page(gateway, "/inflight");
    CHECK(all["requests"].size() == 200);
}

TEST_CASE("/config is the configuration in effect, without what is secret", "[wire][admin]") {
    gateway_process gateway{
        configuration{}
            .upstream("app", {"127.0.0.1:1"})
            .route(
                "name: main, prefix: /, upstream: app, request_headers: { set: { X-Key: hunter2 } "
                "}, response_headers: { add: { X-Frame-Options: deny } }")
            .section("admin", "address: \"127.0.0.1:0\", token: 0123456789abcdef0123")};
    auto const answer = get(gateway.admin_port(), "/config");
    CHECK(answer.status() == 200);
    CHECK(answer.value("Content-Type") == "application/yaml");
    CAPTURE(answer.body);
    CHECK(answer.body.find("request_head: 10s") != std::string::npos);
    CHECK(answer.body.find("X-Key: \"***\"") != std::string::npos);
    CHECK(answer.body.find("token: \"***\"") != std::string::npos);
    for (auto const secret : {"hunter2", "deny", "0123456789abcdef"}) {
        CHECK(answer.body.find(secret) == std::string::npos);
    }
}

TEST_CASE("/ is a dashboard for browsers and a list for everyone else", "[wire][admin]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    auto const list = get(gateway.admin_port(), "/");
    CHECK(list.value("Content-Type") == "text/plain; charset=utf-8");
    CHECK(list.body.find("/inflight") != std::string::npos);
    auto const html = get(gateway.admin_port(), "/", "Accept: text/html,*/*;q=0.8\r\n");
    CHECK(html.value("Content-Type") == "text/html; charset=utf-8");
    auto const policy = html.value("Content-Security-Policy");
    CHECK(policy.find("default-src 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    auto const begin = policy.find("'nonce-") + 7;
    auto const nonce = policy.substr(begin, policy.find('\'', begin) - begin);
    CHECK(nonce.size() == 32);
    CHECK(html.body.find("<script nonce=\"" + nonce + "\">") != std::string::npos);
    // Nothing is fetched from anywhere.
    CHECK(html.body.find("src=\"http") == std::string::npos);
    auto const again = get(gateway.admin_port(), "/", "Accept: text/html\r\n");
    CHECK(again.value("Content-Security-Policy") != policy);
}

TEST_CASE("/events tells the state each second, to a few at a time", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    std::vector<raw_client> listeners;
    for (int i = 0; i < 8; ++i) {
        listeners.emplace_back(gateway.admin_port());
        listeners.back().send(get_request("/events"));
        auto const head = listeners.back().receive_only_head();
        REQUIRE(head.status() == 200);
        REQUIRE(head.value("Content-Type") == "text/event-stream");
        CHECK(next_event(listeners.back()).has("upstreams"));
    }
    auto const full = get(gateway.admin_port(), "/events");
    CHECK(full.status() == 503);
    CHECK(full.body.find("close a dashboard") != std::string::npos);
    // The other pages still have their place.
    CHECK(get(gateway.admin_port(), "/livez").status() == 200);

    for (int i = 0; i < 5; ++i) get(gateway.port(), "/");
    gateway.wait_for_metric("http_requests_total", 5);
    bool seen = false;
    for (int i = 0; i < 5 && !seen; ++i) {
        auto const event = next_event(listeners.front());
        CHECK(event["seconds"].size() <= 1);
        seen = event["requests"]["ended"].number() == 5;
    }
    CHECK(seen);
    listeners.front().close();
    // Its place is free when the next event finds it gone.
    auto const until = steady::now() + patience();
    for (int status = 503; status != 200;) {
        REQUIRE(steady::now() < until);
        raw_client next{gateway.admin_port()};
        next.send(get_request("/events"));
        status = next.receive_only_head().status();
    }
}

}  // namespace gateway::support

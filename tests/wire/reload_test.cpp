// SPDX-License-Identifier: Apache-2.0
// Another configuration for a running gateway: what it changes, what it leaves alone, and what
// becomes of one with a mistake.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"
#include "support/switching_origin.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <csignal>

namespace gateway::support {
namespace {

struct named_origin {
    explicit named_origin(std::string name) { origin.otherwise(imposter_origin::ok(name)); }
    imposter_origin origin;
};

std::string body_of(raw_client& client, std::string const& target = "/") {
    client.send(get_request(target));
    return client.receive().body;
}

}  // namespace

TEST_CASE("a kept-alive connection sees the new routes with its next request", "[wire][reload]") {
    named_origin one{"one"};
    named_origin two{"two"};
    auto const settings = [&](char const* upstream) {
        return configuration{}
            .upstream("one", {one.origin.endpoint()})
            .upstream("two", {two.origin.endpoint()})
            .route(std::string{"prefix: /, upstream: "} + upstream);
    };
    gateway_process gateway{settings("one")};
    raw_client client{gateway.port()};
    CHECK(body_of(client) == "one");
    gateway.reload(settings("two"));
    CHECK(body_of(client) == "two");
    gateway.reload(settings("one"));
    CHECK(body_of(client) == "one");
    gateway.wait_for_log("SIGHUP: configuration 3 is in effect: routes: 1 changed (/)");
    CHECK(gateway.metrics().sum("gateway_config_generation") == 3);
    CHECK(gateway.metrics().sum("gateway_config_reloads_total", {{"result", "success"}}) == 2);
}

TEST_CASE("a bad file leaves the old configuration in effect and says why", "[wire][reload]") {
    imposter_origin origin;
    auto const settings = all_to(origin.endpoint());
    gateway_process gateway{settings};
    raw_client client{gateway.port()};
    CHECK(body_of(client) == "hello");
    gateway.reload_in_vain(settings.text() + "tiemouts: { connect: 1s }\nlimits: { body: much }\n");
    CHECK(body_of(client) == "hello");
    std::string const file = gateway.settings_path();
    gateway.wait_for_log(
        "SIGHUP: configuration refused, 1 stays in effect: 2 problems in the file");
    // The same line as `gateway check` prints, in a line of the log.
    std::string const why = ":10:1: found \"tiemouts\", expected one of ";
    gateway.wait_for_log(file + why);
    gateway.wait_for_log("did you mean \"timeouts\"?");
    gateway.wait_for_log(file + ":11:17: limits.body: found \"much\", expected a size");
    auto const metrics = gateway.metrics();
    CHECK(metrics.sum("gateway_config_generation") == 1);
    CHECK(metrics.sum("gateway_config_last_reload_successful") == 0);
    CHECK(metrics.sum("gateway_config_reloads_total", {{"result", "failure"}}) == 1);
    gateway.reload(settings);
    CHECK(gateway.metrics().sum("gateway_config_last_reload_successful") == 1);
    CHECK(body_of(client) == "hello");
}

TEST_CASE("a file that is gone leaves the old configuration in effect", "[wire][reload]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    std::filesystem::remove(gateway.settings_path());
    gateway.signal(SIGHUP);
    gateway.wait_for_log("No such file or directory");
    CHECK(get(gateway.port(), "/").body == "hello");
}

TEST_CASE(
    "connections to endpoints that stay are kept, those to vanished ones close", "[wire][reload]") {
    named_origin stays{"stays"};
    named_origin goes{"goes"};
    auto const both = configuration{}
                          .upstream("app", {stays.origin.endpoint()})
                          .upstream("other", {goes.origin.endpoint()})
                          .route("prefix: /, upstream: app")
                          .route("prefix: /other, upstream: other");
    gateway_process gateway{both};
    raw_client client{gateway.port()};
    CHECK(body_of(client) == "stays");
    CHECK(body_of(client, "/other") == "goes");
    stays.origin.wait_for_open_connections(1);
    goes.origin.wait_for_open_connections(1);
    gateway.reload(all_to(stays.origin.endpoint()));
    goes.origin.wait_for_open_connections(0);
    CHECK(body_of(client) == "stays");
    CHECK(body_of(client, "/other") == "stays");
    CHECK(stays.origin.connections() == 1);
}

TEST_CASE("an endpoint that is replaced serves until the new one does", "[wire][reload]") {
    named_origin old{"old"};
    named_origin fresh{"fresh"};
    auto const settings = [](std::string const& endpoint) {
        return configuration{}
            .upstream(
                "app", {endpoint},
                ", health_check: { path: /ready, interval_new: 100ms }, queue: { requests: 0 }")
            .route("prefix: /, upstream: app");
    };
    gate ready;
    fresh.origin.when("/ready", [&](origin_connection& connection, message const&) {
        ready.wait();
        ready.open();
        connection.send(imposter_origin::ok("fine"));
    });
    gateway_process gateway{settings(old.origin.endpoint())};
    raw_client client{gateway.port()};
    CHECK(body_of(client) == "old");
    gateway.reload(settings(fresh.origin.endpoint()));
    // The new one has not passed its first probe.
    for (int i = 0; i < 5; ++i) CHECK(body_of(client) == "old");
    ready.open();
    gateway.wait_for_log("endpoint " + fresh.origin.endpoint() + " is healthy");
    // The line comes before the cores hear of it.
    auto const limit = steady::now() + patience();
    while (body_of(client) == "old" && steady::now() < limit) {}
    CHECK(body_of(client) == "fresh");
    old.origin.wait_for_open_connections(0);
}

TEST_CASE("a WebSocket and an upload outlive their route and their upstream", "[wire][reload]") {
    imposter_origin sockets{echo};
    named_origin uploads{"stored"};
    named_origin later{"later"};
    auto const before = configuration{}
                            .upstream("sockets", {sockets.endpoint()})
                            .upstream("uploads", {uploads.origin.endpoint()})
                            .route("prefix: /chat, upstream: sockets")
                            .route("prefix: /, upstream: uploads");
    gateway_process gateway{before};
    web_socket socket{gateway.port(), "/chat"};
    raw_client upload{gateway.port()};
    std::string const half(50'000, 'x');
    upload.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + half);
    uploads.origin.wait_for_open_connections(1);
    for (int i = 0; i < 3; ++i) {
        gateway.reload(all_to(later.origin.endpoint()));
        CHECK(get(gateway.port(), "/chat").body == "later");
        socket.send(web_socket::opcode::text, "still there?");
        CHECK(socket.receive().payload == "still there?");
    }
    upload.send(half);
    auto const answer = upload.receive();
    CHECK(answer.body == "stored");
    CHECK(uploads.origin.last_request().body == half + half);
    CHECK(body_of(upload) == "later");
    uploads.origin.wait_for_open_connections(0);
    // The log knows the route that is no more.
    CHECK(gateway.wait_for_access_line_of("/up").text("route") == "/");
}

TEST_CASE("counters of a route and an upstream go on over every reload", "[wire][reload]") {
    imposter_origin origin;
    auto const named = [&](std::string const& name) {
        return configuration{}
            .upstream(name, {origin.endpoint()})
            .route("prefix: /, name: " + name + ", upstream: " + name);
    };
    gateway_process gateway{named("first")};
    get(gateway.port(), "/");
    gateway.wait_for_metric("http_requests_total", 1, {{"route", "first"}});
    gateway.reload(named("second"));
    get(gateway.port(), "/");
    get(gateway.port(), "/");
    gateway.wait_for_metric("http_requests_total", 2, {{"route", "second"}});
    CHECK(gateway.metrics().sum("http_requests_total", {{"route", "first"}}) == 1);
    gateway.reload(named("first"));
    get(gateway.port(), "/");
    gateway.wait_for_metric("http_requests_total", 2, {{"route", "first"}});
    auto const metrics = gateway.metrics();
    CHECK(metrics.sum("gateway_upstream_attempts_total", {{"upstream", "first"}}) == 2);
    CHECK(metrics.sum("gateway_upstream_attempts_total", {{"upstream", "second"}}) == 2);
    CHECK(metrics.sum("http_requests_total") == 4);
}

TEST_CASE("what takes a restart is said in one line and not in effect", "[wire][reload]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    gateway_process gateway{settings};
    settings.runtime("threads: 3").section("dns", "ttl_min: 500ms");
    settings.listeners({"127.0.0.1:0", "127.0.0.1:0"});
    gateway.reload(settings);
    gateway.wait_for_log(
        "these changes take a new process and are not in effect: listeners, runtime.threads, "
        "dns.ttl_min; restart the gateway for them");
    CHECK(get(gateway.port(), "/").body == "hello");
}

TEST_CASE("limits, time-outs and edits of headers change live", "[wire][reload]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    gateway_process gateway{settings};
    raw_client client{gateway.port()};
    client.send(post_request("/", "0123456789"));
    CHECK(client.receive().status() == 200);
    settings.limits("body: 5");
    gateway.reload(settings);
    client.send(post_request("/", "0123456789"));
    CHECK(client.receive().status() == 413);
    auto other = configuration{}
                     .upstream("app", {origin.endpoint()}, ", host: other.example")
                     .route(
                         "prefix: /, upstream: app, request_headers: { set: { x-new: \"1\" } }, "
                         "response_headers: { set: { x-answer: \"2\" } }");
    other.logging("access: \"off\"");
    gateway.reload(other);
    auto const answer = get(gateway.port(), "/");
    CHECK(answer.value("x-answer") == "2");
    CHECK(origin.last_request().value("x-new") == "1");
    CHECK(origin.last_request().value("Host") == "other.example");
}

TEST_CASE("the access log is switched off, on and to another form", "[wire][reload]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    settings.logging("access: \"off\"");
    gateway_process gateway{settings};
    get(gateway.port(), "/unseen");
    settings.logging("access: json, access_fields: [path, status]");
    gateway.reload(settings);
    get(gateway.port(), "/seen");
    CHECK(gateway.wait_for_access_line_of("/seen").number("status") == 200);
    settings.logging("access: json, access_fields: [path, method]");
    gateway.reload(settings);
    get(gateway.port(), "/again");
    CHECK(gateway.wait_for_access_line_of("/again").text("method") == "GET");
    CHECK(gateway.access_lines().size() == 2);
}

TEST_CASE("more connections, or fewer, are let in after a reload", "[wire][reload]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    settings.limits("connections_per_client: 0").forwarding("trusted_proxies: []");
    gateway_process gateway{settings};
    raw_client one{gateway.port()};
    raw_client two{gateway.port()};
    CHECK(body_of(one) == "hello");
    CHECK(body_of(two) == "hello");
    settings.limits("connections_per_client: 2");
    gateway.reload(settings);
    CHECK(get(gateway.port(), "/").status() == 503);
    one.close();
    gateway.wait_for_metric("gateway_connections_active", 1);
    raw_client three{gateway.port()};
    CHECK(body_of(three) == "hello");
    // Trust that comes meanwhile does not unbalance the count.
    settings.forwarding("trusted_proxies: [127.0.0.0/8]");
    gateway.reload(settings);
    two.close();
    three.close();
    gateway.wait_for_metric("gateway_connections_active", 0);
    settings.forwarding("trusted_proxies: []");
    gateway.reload(settings);
    raw_client four{gateway.port()};
    raw_client five{gateway.port()};
    CHECK(body_of(four) == "hello");
    CHECK(body_of(five) == "hello");
}

TEST_CASE("without a file there is nothing to reload", "[wire][reload]") {
    auto demo = gateway_process::demo();
    demo.signal(SIGHUP);
    demo.wait_for_log("SIGHUP: not reloaded: this configuration is in no file");
    CHECK(get(demo.port(), "/").status() == 200);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Shares and copies of a route's requests for other upstreams.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

configuration two(imposter_origin const& stable, imposter_origin const& canary) {
    return configuration{}
        .upstream("stable", {stable.endpoint()})
        .upstream("canary", {canary.endpoint()});
}

}  // namespace

TEST_CASE("a canary gets its share", "[wire][split]") {
    imposter_origin stable;
    imposter_origin canary;
    gateway_process gateway{
        two(stable, canary).route("prefix: /, split: {stable: 90, canary: 10}")};
    raw_client client{gateway.port()};
    for (int i = 0; i < 200; ++i) {
        client.send(get_request("/"));
        REQUIRE(client.receive().status() == 200);
    }
    CHECK(canary.requests().size() >= 18);
    CHECK(canary.requests().size() <= 22);
    CHECK(stable.requests().size() + canary.requests().size() == 200);
}

TEST_CASE("a user stays with the part of the split that the key gave", "[wire][split]") {
    imposter_origin stable;
    imposter_origin canary;
    stable.otherwise(imposter_origin::ok("stable"));
    canary.otherwise(imposter_origin::ok("canary"));
    gateway_process gateway{
        two(stable, canary)
            .route("prefix: /, split: {stable: 50, canary: 50}, split_by: 'cookie:sid'")};
    raw_client client{gateway.port()};
    std::map<std::string, int> users;
    for (int user = 0; user < 40; ++user) {
        std::string first;
        for (int i = 0; i < 4; ++i) {
            client.send(get_request("/", "Cookie: a=b; sid=" + std::to_string(user) + "\r\n"));
            auto const body = client.receive().body;
            if (i == 0) first = body;
            REQUIRE(body == first);
        }
        ++users[first];
    }
    CHECK(users["stable"] > 5);
    CHECK(users["canary"] > 5);
}

TEST_CASE("a mirror gets copies, and its answers go nowhere", "[wire][split]") {
    imposter_origin app;
    imposter_origin copy;
    auto const answer = GENERATE(
        as<std::string>{}, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nbad",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    copy.otherwise(answer);
    gateway_process gateway{
        two(app, copy).route("prefix: /, upstream: stable, mirror: {upstream: canary}")};
    raw_client client{gateway.port()};
    for (int i = 0; i < 10; ++i) {
        client.send(i % 2 == 0 ? get_request("/a?b") : post_request("/a?b", "the body"));
        REQUIRE(client.receive().body == "hello");
        copy.wait_for_requests(static_cast<std::size_t>(i) + 1);
        gateway.wait_for_metric(
            "gateway_upstream_mirrored_total", i + 1, {{"outcome", "answered"}});
    }
    CHECK(app.requests().size() == 10);
    CHECK(copy.requests().size() == 10);
    CHECK(copy.requests()[1].body == "the body");
    CHECK(copy.requests()[1].target() == "/a?b");
    CHECK(copy.requests()[1].value("X-Request-Id") == app.requests()[1].value("X-Request-Id"));
    CHECK(copy.connections() == 1);
}

TEST_CASE("a mirror that hangs, refuses or breaks costs the client nothing", "[wire][split]") {
    gate never;
    imposter_origin app;
    imposter_origin copy;
    std::string target;
    SECTION("it hangs") {
        copy.otherwise(
            [&](origin_connection& connection, message const&) { connection.closed_by_peer(); });
        target = copy.endpoint();
    }
    SECTION("it resets") {
        copy.otherwise([](origin_connection& connection, message const&) { connection.reset(); });
        target = copy.endpoint();
    }
    SECTION("nobody is there") { target = "127.0.0.1:1"; }
    SECTION("its name is unknown") { target = "no-such-host.invalid:80"; }
    gateway_process gateway{
        configuration{}
            .upstream("app", {app.endpoint()})
            .upstream("copy", {target})
            .route("prefix: /, upstream: app, mirror: {upstream: copy, in_flight: 5}")};
    raw_client client{gateway.port()};
    for (int i = 0; i < 20; ++i) {
        client.send(get_request("/"));
        REQUIRE(client.receive().body == "hello");
    }
    CHECK(copy.requests().size() <= (target == copy.endpoint() ? 20U : 0U));
    CHECK(app.requests().size() == 20);
}

TEST_CASE("no more copies are under way than allowed, nor of larger bodies", "[wire][split]") {
    imposter_origin app;
    imposter_origin copy;
    copy.otherwise(
        [&](origin_connection& connection, message const&) { connection.closed_by_peer(); });
    gateway_process gateway{two(app, copy).route(
        "prefix: /, upstream: stable, mirror: {upstream: canary, in_flight: 3, body: 10}")};
    raw_client client{gateway.port()};
    client.send(post_request("/", "eleven bytes"));
    REQUIRE(client.receive().status() == 200);
    for (int i = 0; i < 10; ++i) {
        client.send(get_request("/"));
        REQUIRE(client.receive().status() == 200);
    }
    copy.wait_for_requests(3);
    gateway.wait_for_metric(
        "gateway_upstream_mirrored_total", 7, {{"outcome", "skipped_too_many"}});
    gateway.wait_for_metric("gateway_upstream_mirrored_total", 1, {{"outcome", "skipped_body"}});
    CHECK(copy.requests().size() == 3);
}

TEST_CASE("a mirror gets the share it was given", "[wire][split]") {
    imposter_origin app;
    imposter_origin copy;
    gateway_process gateway{two(app, copy).route(
        "prefix: /, upstream: stable, mirror: {upstream: canary, percent: 25}")};
    raw_client client{gateway.port()};
    for (int i = 0; i < 100; ++i) {
        client.send(get_request("/"));
        REQUIRE(client.receive().status() == 200);
    }
    copy.wait_for_requests(24);
    CHECK(copy.requests().size() <= 26);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// An upstream without an available endpoint: its requests wait for one, within limits, or go to the
// fallback.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <memory>
#include <vector>

namespace gateway::support {
namespace {

// A name that never resolves (RFC 6761 6.4).
constexpr char const* nowhere = "no-such-host.invalid:80";

configuration lost(std::string const& queue, std::string const& route = {}) {
    return configuration{}
        .upstream("app", {nowhere}, queue.empty() ? "" : ", queue: {" + queue + "}")
        .route("prefix: /, upstream: app" + route);
}

// Where nobody listens; the port is one that somebody had just now.
configuration refusing(
    std::uint16_t port, std::string const& queue, std::string const& route = {}) {
    return configuration{}
        .upstream("app", {"127.0.0.1:" + std::to_string(port)}, ", queue: {" + queue + "}")
        .route("prefix: /, upstream: app" + route);
}

std::string cause_in(message const& reply) { return json_object{reply.body}.text("cause"); }

}  // namespace

TEST_CASE("a request waits as long as it may, then gets 503", "[wire][no_endpoint]") {
    gateway_process gateway{lost("wait: 300ms")};
    auto const begun = steady::now();
    auto const reply = ask(gateway.port(), post_request("/", "body"));
    CHECK(steady::now() - begun >= 300ms);
    CHECK(reply.status() == 503);
    CHECK(reply.has("Retry-After"));
    CHECK(cause_in(reply) == "name_unresolved");
    auto const line = gateway.wait_for_access_line_of("/");
    CHECK(line.number("parked_ms") >= 300);
    CHECK_FALSE(line.has("attempts"));
    gateway.wait_for_metric("gateway_upstream_parked_total", 1, {{"outcome", "expired"}});
    CHECK(gateway.metrics().sum("gateway_upstream_parked_requests") == 0);
}

TEST_CASE(
    "a full queue turns away at once, and a client that leaves makes room", "[wire][no_endpoint]") {
    gateway_process gateway{lost("requests: 1, wait: 1m")};
    raw_client first{gateway.port()};
    first.send(get_request("/first"));
    gateway.wait_for_metric("gateway_upstream_parked_requests", 1);
    auto const turned_away = get(gateway.port(), "/second");
    CHECK(turned_away.status() == 503);
    CHECK(cause_in(turned_away) == "queue_full");
    CHECK(turned_away.has("Retry-After"));
    first.close();
    gateway.wait_for_metric("gateway_upstream_parked_requests", 0);
    CHECK(gateway.wait_for_access_line_of("/first").number("status") == 499);
    raw_client third{gateway.port()};
    third.send(get_request("/third"));
    gateway.wait_for_metric("gateway_upstream_parked_requests", 1);
}

TEST_CASE("without a queue nobody waits", "[wire][no_endpoint]") {
    gateway_process gateway{lost("requests: 0")};
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 503);
    CHECK(cause_in(reply) == "name_unresolved");
    CHECK_FALSE(gateway.wait_for_access_line_of("/").has("parked_ms"));
}

TEST_CASE("a fallback serves at once while the first has no endpoint", "[wire][no_endpoint]") {
    imposter_origin second;
    gateway_process gateway{lost("", ", fallback: spare").upstream("spare", {second.endpoint()})};
    for (int i = 0; i < 3; ++i) {
        CHECK(ask(gateway.port(), post_request("/x", "body")).body == "hello");
    }
    CHECK(second.requests().size() == 3);
    CHECK(second.last_request().body == "body");
    auto const line = gateway.wait_for_access_line_of("/x");
    CHECK(line.text("upstream") == "spare");
    CHECK_FALSE(line.has("parked_ms"));
}

TEST_CASE(
    "requests wait for the successor of an only endpoint that refuses", "[wire][no_endpoint]") {
    std::uint16_t const port = imposter_origin{}.port();
    gateway_process gateway{refusing(port, "wait: 1m")};
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(std::make_unique<raw_client>(gateway.port()));
        clients.back()->send(post_request("/", "body"));
    }
    // The one in front has been to see, and more than once.
    gateway.wait_for_metric("gateway_upstream_retries_total", 8, {{"reason", "connect_failed"}});
    imposter_origin successor{"127.0.0.1", port, "at last"};
    for (auto const& each : clients) CHECK(each->receive().body == "at last");
    CHECK(successor.requests().size() == 5);
    gateway.wait_for_metric("gateway_upstream_parked_total", 5, {{"outcome", "served"}});
    CHECK(gateway.metrics().sum("gateway_upstream_parked_total") == 5);
    CHECK(gateway.metrics().sum("gateway_upstream_parked_requests") == 0);
    CHECK(get(gateway.port(), "/after").body == "at last");
    CHECK_FALSE(gateway.wait_for_access_line_of("/after").has("parked_ms"));
}

TEST_CASE("an only endpoint that refuses for too long is named", "[wire][no_endpoint]") {
    gateway_process gateway{refusing(imposter_origin{}.port(), "wait: 300ms")};
    auto const begun = steady::now();
    auto const reply = ask(gateway.port(), post_request("/", "body"));
    CHECK(steady::now() - begun >= 300ms);
    CHECK(reply.status() == 502);
    CHECK(cause_in(reply) == "connect_refused");
    auto const line = gateway.wait_for_access_line_of("/");
    CHECK(line.number("parked_ms") >= 200);
    CHECK(line.number("attempts") >= 2);
    gateway.wait_for_metric("gateway_upstream_parked_total", 1, {{"outcome", "expired"}});
    auto const figures = gateway.metrics();
    CHECK(figures.sum("gateway_upstream_parked_total") == 1);
    CHECK(figures.sum("gateway_upstream_parked_requests") == 0);
    CHECK(
        figures.sum("gateway_upstream_failures_total", {{"cause", "connect_refused"}}) ==
        line.number("attempts"));
}

TEST_CASE("without a queue an only endpoint that refuses is named at once", "[wire][no_endpoint]") {
    gateway_process gateway{refusing(imposter_origin{}.port(), "requests: 0")};
    CHECK(cause_in(get(gateway.port(), "/")) == "connect_refused");
    auto const line = gateway.wait_for_access_line_of("/");
    CHECK_FALSE(line.has("parked_ms"));
    CHECK(gateway.metrics().sum("gateway_upstream_retries_total") == 0);
}

TEST_CASE("a fallback serves while an only endpoint refuses", "[wire][no_endpoint]") {
    imposter_origin second;
    gateway_process gateway{refusing(imposter_origin{}.port(), "wait: 1m", ", fallback: spare")
                                .upstream("spare", {second.endpoint()})};
    CHECK(ask(gateway.port(), post_request("/x", "body")).body == "hello");
    CHECK_FALSE(gateway.wait_for_access_line_of("/x").has("parked_ms"));
}

TEST_CASE("a drain that is cut short ends those who wait", "[wire][no_endpoint]") {
    gateway_process gateway{lost("wait: 1m").timeouts("drain: 200ms")};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    gateway.wait_for_metric("gateway_upstream_parked_requests", 1);
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
}

}  // namespace gateway::support

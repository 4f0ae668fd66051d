// SPDX-License-Identifier: Apache-2.0
// Failed attempts that are made again, and those that must not be.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace gateway::support {
namespace {

std::size_t arrived(imposter_origin const& origin, std::string const& path) {
    std::size_t count = 0;
    for (auto const& each : origin.requests()) count += each.target() == path ? 1 : 0;
    return count;
}

double retries(gateway_process const& gateway, std::string const& reason) {
    return gateway.metrics().sum("gateway_upstream_retries_total", {{"reason", reason}});
}

std::string request(std::string const& method, std::string const& path) {
    return method + " " + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n";
}

}  // namespace

TEST_CASE("an idempotent request goes again after a reset, under its ID", "[wire][retries]") {
    std::atomic<int> count{0};
    imposter_origin origin;
    origin.when("/once", [&](origin_connection& connection, message const&) {
        if (count++ == 0) {
            connection.reset();
        } else {
            connection.send(imposter_origin::ok("hello"));
        }
    });
    auto const method = GENERATE(as<std::string>{}, "GET", "PUT", "DELETE");
    gateway_process gateway{all_to(origin.endpoint())};
    auto const reply = ask(gateway.port(), request(method, "/once"));
    CHECK(reply.status() == 200);
    CHECK(arrived(origin, "/once") == 2);
    auto const requests = origin.requests();
    CHECK(requests[0].value("X-Request-Id") == requests[1].value("X-Request-Id"));
    CHECK(reply.value("X-Request-Id") == requests[1].value("X-Request-Id"));
    auto const line = gateway.wait_for_access_line_of("/once");
    CHECK(line.number("attempts") == 2);
    CHECK(line.text("retry") == "connection_lost");
    CHECK(retries(gateway, "connection_lost") == 1);
}

TEST_CASE("no more tries are made than allowed", "[wire][retries]") {
    auto const extra = GENERATE(0, 1, 2);
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const&) { connection.reset(); });
    gateway_process gateway{configuration{}
                                .upstream(
                                    "app", {origin.endpoint()},
                                    ", retries: {extra_tries: " + std::to_string(extra) + "}")
                                .route("prefix: /, upstream: app")};
    CHECK(get(gateway.port(), "/lost").status() == 502);
    CHECK(arrived(origin, "/lost") == static_cast<std::size_t>(extra) + 1);
}

TEST_CASE(
    "of four endpoints three have just gone: no request fails, no POST either", "[wire][retries]") {
    imposter_origin left;
    left.otherwise(imposter_origin::ok("hello"));
    std::vector<std::string> endpoints{left.endpoint()};
    {
        std::array<imposter_origin, 3> gone;
        for (auto const& each : gone) endpoints.push_back(each.endpoint());
    }
    auto const method = GENERATE(as<std::string>{}, "GET", "POST");
    // None is ejected, as in the first moments of a deployment.
    gateway_process gateway{configuration{}
                                .upstream("app", endpoints, ", ejection: {share_max: 0}")
                                .route("prefix: /, upstream: app")};
    for (int i = 0; i < 60; ++i) {
        CHECK(ask(gateway.port(), request(method, "/some")).status() == 200);
    }
    CHECK(arrived(left, "/some") == 60);
    CHECK(retries(gateway, "connect_failed") > 0);
}

TEST_CASE("a POST that was read is not sent again, however fast the reset", "[wire][retries]") {
    // The kernel of the upstream has not acknowledged the request when it sends the reset.
    imposter_origin origin;
    origin.when("/act", [](origin_connection& connection, message const&) { connection.reset(); });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (std::size_t i = 1; i <= 20; ++i) {
        client.send(get_request("/"));
        REQUIRE(client.receive().status() == 200);
        client.send(post_request("/act", "pay 5"));
        REQUIRE(client.receive().status() == 502);
        REQUIRE(arrived(origin, "/act") == i);
    }
    CHECK(gateway.wait_for_access_line_of("/act").text("cause") == "upstream_reset");
}

TEST_CASE("a listed status is another endpoint's chance", "[wire][retries]") {
    imposter_origin sick;
    sick.otherwise("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick");
    imposter_origin well;
    auto const where = GENERATE(as<std::string>{}, "upstream", "route", "nowhere");
    std::string const listed = ", retries: {on_status: [503]}";
    gateway_process gateway{
        configuration{}
            .upstream("app", {sick.endpoint(), well.endpoint()}, where == "upstream" ? listed : "")
            .route("prefix: /, upstream: app" + (where == "route" ? listed : ""))};
    CAPTURE(where);
    int bad = 0;
    int bad_posts = 0;
    for (int i = 0; i < 10; ++i) {
        bad += get(gateway.port(), "/").status() == 503 ? 1 : 0;
        auto const posted = ask(gateway.port(), post_request("/", "x"));
        bad_posts += posted.status() == 503 ? 1 : 0;
        if (posted.status() == 503) CHECK(posted.body == "sick");
    }
    CHECK((bad == 0) == (where != "nowhere"));
    CHECK((retries(gateway, "status") == 0) == (where == "nowhere"));
    CHECK(bad_posts + bad > 0);
}

TEST_CASE("when every endpoint has a listed status the last one is told", "[wire][retries]") {
    imposter_origin sick;
    sick.otherwise("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick");
    gateway_process gateway{configuration{}
                                .upstream("app", {sick.endpoint()}, ", retries: {on_status: [503]}")
                                .route("prefix: /, upstream: app")};
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 503);
    CHECK(reply.body == "sick");
    CHECK(sick.requests().size() == 2);
}

TEST_CASE("nothing is tried again once the client has bytes", "[wire][retries]") {
    imposter_origin origin;
    auto const beginning = GENERATE(
        as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin",
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    gate seen;
    origin.otherwise([&](origin_connection& connection, message const&) {
        connection.send(beginning);
        seen.wait();
        connection.reset();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    CHECK(client.receive_only_head().status() / 100 == beginning[9] - '0');
    seen.open();
    if (beginning[9] == '1') {
        CHECK(client.receive().status() == 502);
    } else {
        CHECK_THROWS_AS(client.receive_bytes(100), connection_lost);
    }
    gateway.wait_for_access_line_of("/");
    CHECK(origin.requests().size() == 1);
    CHECK(retries(gateway, "connection_lost") == 0);
}

TEST_CASE("the budget stops a storm of repeats", "[wire][retries]") {
    constexpr int storm = 40;
    gate first;
    gate second;
    std::atomic<int> count{0};
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        if (count++ < storm) {
            first.wait();
            connection.reset();
        } else {
            second.wait();
            connection.send(imposter_origin::ok("hello"));
        }
    });
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()}, ", retries: {budget_percent: 10, budget_min: 3}")
            .route("prefix: /, upstream: app")};
    std::vector<raw_client> clients;
    for (int i = 0; i < storm; ++i) clients.emplace_back(gateway.port()).send(get_request("/"));
    // Each of them has its number before the first repeat comes.
    auto const until = steady::now() + patience();
    while (count < storm && steady::now() < until) std::this_thread::yield();
    first.open(storm);
    // All but those within the budget are given up while the repeats are still under way.
    gateway.wait_for_metric("gateway_upstream_retries_over_budget_total", storm - 4);
    second.open(4);
    int served = 0;
    for (auto& client : clients) served += client.receive().status() == 200 ? 1 : 0;
    CHECK(served == 4);
    CHECK(origin.requests().size() == storm + 4);
}

TEST_CASE("a reset during an upload is told as a reset", "[wire][retries]") {
    imposter_origin origin;
    origin.when_head_of("/up", [](origin_connection& connection, message const&) {
        connection.receive_bytes(100'000);
        connection.reset();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send("POST /up HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000\r\n\r\n");
    client.send(std::string(9'000'000, 'x'));
    CHECK(client.receive().status() == 502);
    CHECK(gateway.wait_for_access_line_of("/up").text("cause") == "upstream_reset");
}

}  // namespace gateway::support

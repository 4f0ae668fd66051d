// SPDX-License-Identifier: Apache-2.0
// For how long an upstream's idle connection is used again: as it says, or as it does.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

constexpr char const* learned = "gateway_upstream_learned_keepalive_seconds";

}  // namespace

TEST_CASE("a Keep-Alive timeout is obeyed, a second early", "[wire][keep_alive]") {
    imposter_origin origin;
    origin.otherwise(imposter_origin::ok("hello", "Keep-Alive: timeout=2\r\n"));
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(gateway.metrics().sum(learned) == 4);
    auto const begun = steady::now();
    CHECK(get(gateway.port(), "/").status() == 200);
    origin.wait_for_open_connections(0);
    auto const kept = steady::now() - begun;
    CHECK(kept >= 1s);
    if (!sanitized) CHECK(kept < 2s);
}

TEST_CASE("an upstream that closes early is closed earlier", "[wire][keep_alive]") {
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const&) {
        connection.send(imposter_origin::ok("hello"));
        std::this_thread::sleep_for(500ms);  // its idle timeout
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/").status() == 200);
    auto const until = steady::now() + patience();
    while (gateway.metrics().sum(learned) >= 4 && steady::now() < until) {}
    CHECK(gateway.metrics().sum(learned) < 2);
    CHECK(gateway.metrics().sum(learned) >= 0.35);
}

TEST_CASE("the operator may say for how long", "[wire][keep_alive]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()}, ", keep_alive: {idle: 300ms}")
                                .route("prefix: /, upstream: app")};
    CHECK(gateway.metrics().sum(learned) == 0.3);
    CHECK(get(gateway.port(), "/").status() == 200);
    origin.wait_for_open_connections(0);
}

TEST_CASE("a connection of its greatest age is not used again", "[wire][keep_alive]") {
    imposter_origin origin;
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()}, ", keep_alive: {idle: 1m, max_age: 1s}")
            .route("prefix: /, upstream: app")};
    raw_client client{gateway.port()};
    auto const begun = steady::now();
    while (origin.connections() < 3 && steady::now() - begun < patience()) {
        client.send(get_request("/"));
        REQUIRE(client.receive().status() == 200);
    }
    CHECK(steady::now() - begun >= 1'600ms);
    CHECK(origin.connections() >= 3);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// What follows from the load balancer's idle timeout, and what contradicts it.
#include "unit/settings_refusals.hpp"

using namespace gateway;
using namespace gateway::testing;

namespace {

settings::timeouts timeouts_of(std::string const& text) {
    loaded const result =
        load_text(text + std::string{upstreams} + std::string{routes}, "g.yaml", no_variables);
    for (auto const& one : result.problems) FAIL_CHECK(to_text(one));
    REQUIRE(result.value);
    return result.value->timeouts;
}

}  // namespace

TEST_CASE("keep-alive and response deadline follow the load balancer", "[unit][settings]") {
    auto const follows = timeouts_of("alb: {idle_timeout: 2m}\n");
    CHECK(follows.keep_alive == 135s);
    CHECK(follows.response_head == 115s);

    auto const short_one = timeouts_of("alb: {idle_timeout: 6s}\n");
    CHECK(short_one.keep_alive == 21s);
    CHECK(short_one.response_head == 3s);

    auto const without = timeouts_of("");
    CHECK(without.keep_alive == 75s);
    CHECK(without.response_head == 55s);
}

TEST_CASE("what is written beside the load balancer's time stays", "[unit][settings]") {
    auto const both =
        timeouts_of("alb: {idle_timeout: 2m}\ntimeouts: {keep_alive: 121s, response_head: 10s}\n");
    CHECK(both.keep_alive == 121s);
    CHECK(both.response_head == 10s);
    // Nobody said that there is a load balancer.
    CHECK(timeouts_of("timeouts: {keep_alive: 10s}\n").keep_alive == 10s);
}

TEST_CASE("a time that contradicts the load balancer's is refused", "[unit][settings]") {
    check_table({
        {"alb: {idle_timeout: 60s}\ntimeouts: {keep_alive: 60s}\n", true, true, "2:24",
         "timeouts.keep_alive: found \"1m\", expected more than alb.idle_timeout, which is 1m; "
         "leave it out and it follows"},
        {"alb: {idle_timeout: 60s}\ntimeouts: {response_head: 61s}\n", true, true, "2:27",
         "timeouts.response_head: found \"61s\", expected less than alb.idle_timeout, which is 1m; "
         "leave it out and it follows"},
        {"alb: {idle_timeout: 60s}\nroutes: [{prefix: /, upstream: web, heartbeat: 61s}]\n", true,
         false, "2:48",
         "routes[0].heartbeat: found \"61s\", expected less than alb.idle_timeout, which is 1m; "
         "auto follows it"},
    });
}

TEST_CASE("heartbeats come in half of the load balancer's time", "[unit][settings]") {
    auto const heartbeat_of = [](std::string const& text, std::string const& value) {
        loaded const result = load_text(
            text + std::string{upstreams} +
                "routes: [{prefix: /, upstream: web, heartbeat: " + value + "}]\n",
            "g.yaml", no_variables);
        for (auto const& one : result.problems) FAIL_CHECK(to_text(one));
        REQUIRE(result.value);
        return result.value->routes.at(0).heartbeat;
    };
    CHECK(heartbeat_of("", "auto") == 30s);
    CHECK(heartbeat_of("alb: {idle_timeout: 2m}\n", "auto") == 1min);
    CHECK(heartbeat_of("alb: {idle_timeout: 2m}\n", "7s") == 7s);
    CHECK(heartbeat_of("alb: {idle_timeout: 2m}\n", "off") == 0ms);
    CHECK(heartbeat_of("", "100ms") == 100ms);
}

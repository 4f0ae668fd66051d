// SPDX-License-Identifier: Apache-2.0
// The settings of an upstream's endpoints: what they become, and what is refused.
#include "settings/endpoint_syntax.hpp"
#include "settings_refusals.hpp"

using namespace gateway;
using namespace gateway::testing;

namespace {

settings::snapshot loads(std::string const& upstream_keys) {
    std::string const text =
        "upstreams:\n  web:\n    " + upstream_keys + "\n" + std::string{routes};
    loaded const result = load_text(text, "g.yaml", no_variables);
    CAPTURE(text);
    for (auto const& one : result.problems) FAIL_CHECK(to_text(one));
    REQUIRE(result.value);
    return *result.value;
}

}  // namespace

TEST_CASE("an endpoint is an address or a map", "[unit][settings]") {
    auto const all =
        loads("endpoints: [a, {address: \"b:81\", weight: 7, zone: eu-1a}, {zone: z, address: c}]");
    auto const& endpoints = all.upstreams[0].endpoints;
    REQUIRE(endpoints.size() == 3);
    CHECK(endpoints[0] == settings::endpoint{{"a", 80}, 1, ""});
    CHECK(endpoints[1] == settings::endpoint{{"b", 81}, 7, "eu-1a"});
    CHECK(endpoints[2] == settings::endpoint{{"c", 80}, 1, "z"});
}

TEST_CASE("every key of an upstream's endpoints is read", "[unit][settings]") {
    auto const all = loads(R"(endpoints: [a]
    fail_open: on
    health_check:
      type: http
      path: /h
      method: HEAD
      host: h.example
      headers: {X-A: b}
      expect_status: [204, 300-399, 2xx]
      port: 99
      interval: 9s
      interval_unhealthy: 2s
      interval_new: 500ms
      timeout: 3s
      fall: 4
      rise: 5
    ejection: {failures: 6, success_rate: off, requests: 70, time: 1s, time_max: 2s, share_max: 30}
    slow_start: {duration: 0, first: 20}
    endpoint_limits: {requests: 8, connections: 9, adaptive: yes}
    balance:
      {method: sticky_cookie, cookie: c, cookie_max_age: 1h, cookie_secure: on,
       prefer_zone: off})");
    settings::upstream const& one = all.upstreams[0];
    settings::health_check health;
    health.enabled = true;
    health.path = "/h";
    health.method = "HEAD";
    health.host = "h.example";
    health.headers = {{"X-A", "b"}};
    health.expect_status = {{204, 204}, {300, 399}, {200, 299}};
    health.port = 99;
    health.interval = 9s;
    health.interval_unhealthy = 2s;
    health.interval_new = 500ms;
    health.timeout = 3s;
    health.fall = 4;
    health.rise = 5;
    CHECK(one.health_check == health);
    CHECK(one.ejection == settings::ejection{6, false, 70, 1s, 2s, 30});
    CHECK(one.slow_start == settings::slow_start{0ms, 20});
    CHECK(one.endpoint_limits == settings::endpoint_limits{8, 9, true});
    CHECK(one.balance.method == settings::balance_method::sticky_cookie);
    CHECK(one.balance.cookie == "c");
    CHECK(one.balance.cookie_max_age == 1h);
    CHECK(one.balance.cookie_secure);
    CHECK(!one.balance.prefer_zone);
    CHECK(one.fail_open);
}

TEST_CASE("the section of a health check turns it on, empty or not", "[unit][settings]") {
    CHECK(!loads("endpoints: [a]").upstreams[0].health_check.enabled);
    auto const written = GENERATE(as<std::string>{}, "health_check:", "health_check: {}");
    auto const all = loads("endpoints: [a]\n    " + written);
    settings::health_check expected;
    expected.enabled = true;
    CHECK(all.upstreams[0].health_check == expected);
}

TEST_CASE("what a hash is made of", "[unit][settings]") {
    using settings::hash_part;
    using settings::hash_source;
    auto const [text, expected] = GENERATE(table<std::string, hash_source>(
        {{"client_address", {hash_part::client_address, ""}},
         {"path", {hash_part::path, ""}},
         {"header:X-User", {hash_part::header, "X-User"}},
         {"cookie:sid", {hash_part::cookie, "sid"}},
         {"query:user", {hash_part::query, "user"}}}));
    settings::refusal why;
    auto const read = settings::hash_key::parse(text, why);
    REQUIRE(read);
    CHECK(*read == expected);
    CHECK(settings::hash_key::text(*read) == text);
}

TEST_CASE("wrong settings of endpoints are refused", "[unit][settings]") {
    check_table({
        upstream(
            "{endpoints: [{weight: 2}]}", "2:21",
            "upstreams.web.endpoints[0]: found no \"address\", expected that key with an endpoint "
            "such as backend:5000, 10.0.0.7:5000 or https://api.example.com"),
        upstream(
            "{endpoints: [{address: a, weight: 0}]}", "2:42",
            "upstreams.web.endpoints[0].weight: found \"0\", expected from 1 to 100"),
        upstream(
            "{endpoints: [a], balance: {method: robin}}", "2:43",
            "upstreams.web.balance.method: found \"robin\", expected one of two_choices, "
            "round_robin, least_requests, hash and sticky_cookie"),
        upstream(
            "{endpoints: [a], balance: {method: hash, hash_on: header}}", "2:58",
            "upstreams.web.balance.hash_on: found \"header\", expected a name behind header:; as "
            "in header:user"),
        upstream(
            "{endpoints: [a], balance: {method: hash, hash_on: \"path:x\"}}", "2:58",
            "upstreams.web.balance.hash_on: found \"path:x\", expected path without a name"),
        upstream(
            "{endpoints: [a], balance: {hash_on: path}}", "2:44",
            "upstreams.web.balance.hash_on: found a value without effect, expected method: hash "
            "beside it"),
        upstream(
            "{endpoints: [a], balance: {cookie: x}}", "2:43",
            "upstreams.web.balance.cookie: found a value without effect, expected method: "
            "sticky_cookie beside it"),
        upstream(
            "{endpoints: [a], balance: {method: sticky_cookie, cookie: \"a b\"}}", "2:66",
            "upstreams.web.balance.cookie: found \"a b\", expected a cookie name of at most 64 "
            "letters, digits, dashes, dots and underscores"),
        upstream(
            "{endpoints: [a], health_check: {type: tcp, path: /x}}", "2:57",
            "upstreams.web.health_check.path: found a value without effect, expected type: http "
            "beside it"),
        upstream(
            "{endpoints: [a], health_check: {method: HEAD, expect_body: x}}", "2:67",
            "upstreams.web.health_check.expect_body: found a value without effect, expected a "
            "method whose answer has a body"),
        upstream(
            "{endpoints: [a], health_check: {expect_status: [99]}}", "2:56",
            "upstreams.web.health_check.expect_status[0]: found \"99\", expected a status or a "
            "range such as 204, 200-399 or 2xx"),
        upstream(
            "{endpoints: [a], health_check: {expect_status: [300-200]}}", "2:56",
            "upstreams.web.health_check.expect_status[0]: found \"300-200\", expected a range "
            "whose end is not before its begin"),
        upstream(
            "{endpoints: [a], health_check: {timeout: 0}}", "2:49",
            "upstreams.web.health_check.timeout: found \"0\", expected from 50ms to 1m"),
        upstream(
            "{endpoints: [a], ejection: {time: 2m}}", "2:42",
            "upstreams.web.ejection.time: found \"2m\", expected at most ejection.time_max, which "
            "is 1m"),
        upstream(
            "{endpoints: [a], ejection: {time_max: 1s}}", "2:46",
            "upstreams.web.ejection.time_max: found \"1s\", expected at least ejection.time, which "
            "is 10s"),
    });
}

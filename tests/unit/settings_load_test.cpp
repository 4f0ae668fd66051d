// SPDX-License-Identifier: Apache-2.0
// What good configurations become, the defaults, and that no text can do harm.
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using namespace gateway::settings;
using namespace gateway::literals;
using namespace std::chrono_literals;

environment variables(std::map<std::string, std::string, std::less<>> const& all) {
    return [all](std::string_view name) -> std::optional<std::string> {
        auto const found = all.find(name);
        return found == all.end() ? std::nullopt : std::optional{found->second};
    };
}

std::string all_problems(loaded const& from) {
    std::string out;
    for (problem const& one : from.problems) out += to_text(one) + '\n';
    return out;
}

snapshot loads(std::string_view text, environment const& with = variables({})) {
    loaded const result = load_text(text, "g.yaml", with);
    CAPTURE(text);
    REQUIRE(all_problems(result).empty());
    REQUIRE(result.value);
    return *result.value;
}

constexpr std::string_view smallest =
    "upstreams: {web: {endpoints: [web]}}\nroutes: [{prefix: /, upstream: web}]\n";

snapshot with(std::string const& text) { return loads(text + '\n' + std::string{smallest}); }

std::filesystem::path const config_folder = std::filesystem::path{GATEWAY_SOURCE_DIR} / "config";

std::string content_of(std::filesystem::path const& path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("the built-in configuration is what the product promises", "[unit][settings]") {
    loaded const result = load_default(variables({}));
    CHECK(all_problems(result).empty());
    REQUIRE(result.value);
    snapshot expected;
    expected.listeners.emplace_back();
    expected.upstreams = {
        {.name = "frontend", .endpoints = {{{"frontend-service", 80}}}, .host = {}},
        {.name = "backend", .endpoints = {{{"backend-service", 5000}}}, .host = {}},
    };
    route root;
    root.name = root.prefix = "/";
    root.upstream = "frontend";
    route api;
    api.name = api.prefix = "/api/";
    api.upstream = "backend";
    route uploads;
    uploads.name = uploads.prefix = "/uploads/";
    uploads.upstream = "backend";
    uploads.body_bytes = 1_GiB;
    uploads.response_head_timeout = 300s;
    expected.routes = {root, api, uploads};

    CHECK(*result.value == expected);
    CHECK(result.value->timeouts == timeouts{});
    CHECK(result.value->limits == limits{});
    CHECK(result.value->logging == logging{});
    CHECK(result.value->forwarding == forwarding{});
    CHECK(result.value->runtime == runtime{});
    CHECK(result.value->listeners.front().address == host_port{"0.0.0.0", 80});
    CHECK(result.value->admin.address == host_port{"0.0.0.0", 9113});
}

TEST_CASE("the built-in configuration is config/gateway.yaml and short", "[unit][settings]") {
    std::string const file = content_of(config_folder / "gateway.yaml");
    CHECK(default_text == file);
    CHECK(std::count(file.begin(), file.end(), '\n') < 80);
}

TEST_CASE(
    "the built-in configuration takes four addresses from the environment", "[unit][settings]") {
    loaded const result = load_default(variables(
        {{"LISTEN", ":8080"},
         {"ADMIN_LISTEN", "[::1]:9000"},
         {"FRONTEND_ADDR", "10.0.0.1"},
         {"BACKEND_ADDR", "http://api:3000/"}}));
    CHECK(all_problems(result).empty());
    REQUIRE(result.value);
    CHECK(result.value->listeners.front().address == host_port{"0.0.0.0", 8080});
    CHECK(result.value->admin.address == host_port{"::1", 9000});
    CHECK(result.value->upstreams[0].endpoints.front().address == host_port{"10.0.0.1", 80});
    CHECK(result.value->upstreams[1].endpoints.front().address == host_port{"api", 3000});
}

TEST_CASE("a wrong address from the environment names its variable", "[unit][settings]") {
    loaded const result = load_default(variables({{"LISTEN", "web:80"}}));
    REQUIRE(result.problems.size() == 1);
    CHECK_THAT(
        to_text(result.problems.front()),
        Catch::Contains("found \"web:80\" (from \"${LISTEN:-0.0.0.0:80}\")"));
}

TEST_CASE("every default is as documented", "[unit][settings]") {
    snapshot const all = loads(smallest);
    CHECK(all.timeouts.request_head == 10s);
    CHECK(all.timeouts.keep_alive == 75s);
    CHECK(all.timeouts.request_body == 60s);
    CHECK(all.timeouts.write == 60s);
    CHECK(all.timeouts.connect == 2s);
    CHECK(all.timeouts.response_head == 55s);
    CHECK(all.timeouts.response_body == 300s);
    CHECK(all.timeouts.tunnel_idle == 1h);
    CHECK_FALSE(all.timeouts.upstream_idle);
    CHECK(all.timeouts.drain == 25s);
    CHECK(all.timeouts.lame_duck == 6s);
    CHECK(all.alb.idle_timeout == 60s);
    CHECK(all.limits.header_bytes == 64_KiB);
    CHECK(all.limits.header_line_bytes == 16_KiB);
    CHECK(all.limits.header_fields == 128);
    CHECK(all.limits.body_bytes == 10_MiB);
    CHECK(all.limits.connections == 10'000);
    CHECK(all.limits.upstream_idle_connections == 64);
    CHECK(all.limits.splice_threshold == 64_KiB);
    CHECK(all.logging.level == log_level::info);
    CHECK(all.logging.access == access_log_mode::json);
    CHECK(all.logging.access_buffer_bytes == 1_MiB);
    CHECK(all.forwarding.via);
    CHECK(all.forwarding.trusted_proxies.size() == 9);
    CHECK(all.runtime.threads == 0);
    CHECK(all.listeners == std::vector{listener{}});
    route const& only = all.routes.front();
    CHECK(only.host.empty());
    CHECK(only.methods.empty());
    CHECK(only.request_headers == header_edits{});
    CHECK_FALSE(only.request_body_timeout);
    CHECK_FALSE(only.response_head_timeout);
    CHECK_FALSE(only.response_body_timeout);
    CHECK_FALSE(only.body_bytes);
}

namespace {

logging expected_logging() {
    return {
        log_level::debug,
        access_log_mode::off,
        "/tmp/a",
        {log_field::status, log_field::duration},
        9,
        2s,
        true,
        {"pin"},
        2_MiB};
}

constexpr char const* every_setting = R"(
listeners: [{address: 8080}, {address: "[::]:8081"}, {address: 0}, {address: 0}]
admin: {address: "127.0.0.1:1"}
upstreams:
  web:
    endpoints: [a, "b:81", "10.0.0.1:82", "[fd00::1]:83", "http://c_d.e:84"]
    host: h.example:85
    retries: {extra_tries: 2, on_status: [502, 503], replay_buffer: 1KiB, budget_percent: 5,
      budget_min: 1}
    queue: {requests: 10, wait: 1s}
    keep_alive: {idle: 7s, max_age: 1m}
  api: {endpoints: [a]}
routes:
  - name: first
    host: "*.Example.com"
    path: /exact
    methods: [GET, PURGE]
    upstream: web
    timeouts: {request_body: 1s, response_head: 2m, response_body: 3h}
    limits: {body: 0}
    retries: {extra_tries: 0, on_status: [504]}
    fallback: api
    mirror: {upstream: api, percent: 7, body: 8, in_flight: 9}
    request_headers: {add: {X-A: a, X-B: ""}, set: {X-C: "c d"}, remove: [Cookie]}
    response_headers: {add: {X-D: d}, set: {X-E: e}, remove: [Server, X-F]}
timeouts: {request_head: 101ms, keep_alive: 2s, request_body: 3s, body_rate_grace: 30m,
  write: 4s, connect: 5s,
  response_head: 1s, response_body: 7s, tunnel_idle: 8s, upstream_idle: 9s, drain: 0,
  lame_duck: 1ms, upgrade: 2s}
alb: {idle_timeout: 1500ms}
limits: {header: 2KiB, header_line: 1KiB, header_fields: 9, body: 5, body_rate: 2, connections: 6,
  connections_per_client: 0, pipelined_requests: 7, requests_per_second: 8, memory: 1GiB,
  upstream_idle_connections: 0, splice_threshold: 1MiB}
logging: {level: debug, access: off, access_buffer: 2MiB, access_file: /tmp/a,
  access_fields: [status, Duration], access_sample: 9, access_slow: 2s, access_probes: yes,
  redact: [pin]}
forwarding: {trusted_proxies: ["10.1.0.0/16", "::1"], via: no}
runtime: {threads: 3}
)";

}  // namespace

TEST_CASE("every setting arrives in its member", "[unit][settings]") {
    snapshot const all = loads(every_setting);
    CHECK(all.listeners[0].address == host_port{"0.0.0.0", 8080});
    CHECK(all.listeners[1].address == host_port{"::", 8081});
    CHECK(all.listeners.size() == 4);
    CHECK(all.admin.address == host_port{"127.0.0.1", 1});
    upstream web{
        "web",
        {{{"a", 80}}, {{"b", 81}}, {{"10.0.0.1", 82}}, {{"fd00::1", 83}}, {{"c_d.e", 84}}},
        "h.example:85"};
    web.retries = {
        .extra_tries = 2,
        .on_status = {502, 503},
        .replay_buffer = 1_KiB,
        .budget_percent = 5,
        .budget_min = 1};
    web.queue = {.requests = 10, .wait = 1s};
    web.keep_alive = {.idle = 7s, .max_age = 1min};
    CHECK(all.upstreams.front() == web);
    route expected;
    expected.name = "first";
    expected.host = "*.example.com";
    expected.path = "/exact";
    expected.methods = {"GET", "PURGE"};
    expected.upstream = "web";
    expected.request_headers = {{{"X-A", "a"}, {"X-B", ""}}, {{"X-C", "c d"}}, {"Cookie"}};
    expected.response_headers = {{{"X-D", "d"}}, {{"X-E", "e"}}, {"Server", "X-F"}};
    expected.request_body_timeout = 1s;
    expected.response_head_timeout = 2min;
    expected.response_body_timeout = 3h;
    expected.body_bytes = 0;
    expected.retry_extra_tries = 0;
    expected.retry_on_status = {504};
    expected.fallback = "api";
    expected.mirror = {"api", 7, 8, 9};
    CHECK(all.routes.front() == expected);
    CHECK(all.timeouts == timeouts{101ms, 2s, 3s, 30min, 4s, 5s, 1s, 7s, 8s, 9s, 0ms, 1ms, 2s});
    CHECK(all.alb.idle_timeout == 1'500ms);
    CHECK(all.limits == limits{2_KiB, 1_KiB, 9, 5, 2, 6, 0, 7, 8, 1_GiB, 0, 1_MiB});
    CHECK(all.logging == expected_logging());
    CHECK(
        all.forwarding.trusted_proxies ==
        std::vector{
            ipv4_range({10, 1, 0, 0}, 16),
            address_range{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128}});
    CHECK_FALSE(all.forwarding.via);
    CHECK(all.runtime.threads == 3);
}

TEST_CASE("a section whose keys are all commented out keeps its defaults", "[unit][settings]") {
    CHECK(with("timeouts:\n  # connect: 1s\nlimits: {}") == loads(smallest));
}

TEST_CASE("an empty list of trusted proxies trusts nobody", "[unit][settings]") {
    CHECK(with("forwarding: {trusted_proxies: []}").forwarding.trusted_proxies.empty());
}

TEST_CASE("a head limit below the default line limit needs no second key", "[unit][settings]") {
    CHECK(with("limits: {header: 8KiB}").limits.header_bytes == 8_KiB);
}

TEST_CASE("routes without a name get one that no other has", "[unit][settings]") {
    snapshot const all = loads(R"(
upstreams: {web: {endpoints: [web]}}
routes:
  - {prefix: /a, upstream: web}
  - {path: /a, upstream: web}
  - {prefix: /a, host: b.c, upstream: web}
  - {prefix: /a, methods: [GET], upstream: web}
  - {prefix: /d, name: "/a#3", upstream: web}
)");
    CHECK(all.routes[0].name == "/a");
    CHECK(all.routes[1].name == "/a#2");
    CHECK(all.routes[2].name == "b.c/a");
    CHECK(all.routes[3].name == "/a#4");
    CHECK(all.routes[4].name == "/a#3");
}

TEST_CASE("anchors and aliases stand for what they name", "[unit][settings]") {
    snapshot const all = loads(R"(
upstreams:
  web: {endpoints: &both [a, b]}
  api: {endpoints: *both}
routes:
  - {prefix: /, upstream: &name web, request_headers: &edits {set: {X-A: b}}}
  - {prefix: /b, upstream: *name, request_headers: *edits}
)");
    CHECK(all.upstreams[1].endpoints == all.upstreams[0].endpoints);
    CHECK(all.routes[1].upstream == "web");
    CHECK(all.routes[1].request_headers == all.routes[0].request_headers);
}

TEST_CASE("a problem in an anchor is reported once", "[unit][settings]") {
    loaded const result = load_text(
        "upstreams: {a: &x {endpoints: [a], hots: b}, b: *x}\nroutes: [{prefix: /, upstream: a}]",
        "g.yaml", variables({}));
    CHECK(result.problems.size() == 1);
}

TEST_CASE("variables expand in values and not in keys", "[unit][settings]") {
    snapshot const all = loads(
        "upstreams: {web: {endpoints: ['${A}', '${B:-b}:${P}']}}\n"
        "routes: [{prefix: '/${C:-}', upstream: web, request_headers: {set: {X-A: 'a$$b$c'}}}]\n",
        variables({{"A", "a:1"}, {"P", "5"}}));
    CHECK(all.upstreams.front().endpoints == std::vector<endpoint>{{{"a", 1}}, {{"b", 5}}});
    CHECK(all.routes.front().prefix == "/");
    CHECK(all.routes.front().request_headers.set.front().second == "a$b$c");
}

TEST_CASE("an unset variable without a default is named", "[unit][settings]") {
    loaded const result = load_text(
        "upstreams:\n  web:\n    endpoints:\n      - ${BACKEND}\nroutes: [{prefix: /, upstream: "
        "web}]",
        "g.yaml", variables({}));
    CHECK(
        all_problems(result) ==
        "g.yaml:4:9: found \"${BACKEND}\", expected the environment variable BACKEND to be set; "
        "set it, or write ${BACKEND:-default}\n");
}

TEST_CASE("the value of a request header is never shown", "[unit][settings]") {
    loaded const result = load_text(
        "upstreams: {web: {endpoints: [web]}}\n"
        "routes: [{prefix: /, upstream: web, request_headers: {set: {X-A: '${T}', X-B: "
        "\"s3cr\\n\"}}}]",
        "g.yaml", variables({{"T", "t0ken\r\n"}}));
    std::string const said = all_problems(result);
    CHECK(result.problems.size() == 2);
    CHECK_THAT(said, Catch::Contains("found \"${T}\""));
    CHECK_THAT(said, !Catch::Contains("t0ken"));
    CHECK_THAT(said, !Catch::Contains("s3cr"));
}

TEST_CASE("all problems are reported at once, in the order of the file", "[unit][settings]") {
    loaded const result = load_text(
        R"(tiemouts: {}
timeouts:
  connect: 5
  drain: 5d
upstreams:
  web: {endpoints: [ftp://a, "${NOPE}"]}
routes:
  - {prefix: api, upstream: wbe}
  - {upstream: web}
logging: {level: loud}
)",
        "gateway.yaml", variables({}));
    CHECK_FALSE(result.value);
    std::vector<std::pair<int, int>> places;
    for (problem const& one : result.problems) places.emplace_back(one.line, one.column);
    CHECK(
        places ==
        std::vector<std::pair<int, int>>{
            {1, 1}, {3, 12}, {4, 10}, {6, 21}, {6, 30}, {8, 14}, {8, 29}, {9, 5}, {10, 18}});
}

TEST_CASE("more problems than anyone reads are counted", "[unit][settings]") {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "key" + std::to_string(i) + ": 1\n";
    loaded const result = load_text(text, "g.yaml", variables({}));
    REQUIRE(result.problems.size() == 201);
    CHECK(
        to_text(result.problems.back()) ==
        "g.yaml: found 302 further problems, expected at most 200; mend those above first");
}

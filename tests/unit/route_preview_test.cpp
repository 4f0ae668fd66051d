// SPDX-License-Identifier: Apache-2.0
// What would become of a request: `gateway explain` and the tests in a configuration.
#include "app/route_preview.hpp"

#include "app/config_tests.hpp"
#include "app/explain.hpp"
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway;
using app::previewer;

namespace {

settings::loaded load(std::string const& text) {
    auto loaded = settings::load_text(text, "g.yaml", [](auto) { return std::nullopt; });
    for (auto const& each : loaded.problems) UNSCOPED_INFO(settings::to_text(each));
    REQUIRE(loaded.value);
    return loaded;
}

std::string const shop =
    "listeners:\n"
    "  - address: 0.0.0.0:8080\n"
    "upstreams:\n"
    "  front: { endpoints: [front:80] }\n"
    "  back:\n"
    "    endpoints: [back-1:5000, https://back-2]\n"
    "    host: back.internal\n"
    "routes:\n"
    "  - { prefix: /, upstream: front }\n"
    "  - name: api\n"
    "    host: shop.example\n"
    "    prefix: /api/\n"
    "    methods: [GET, POST]\n"
    "    upstream: back\n"
    "    limits: { body: 1KiB }\n"
    "    timeouts: { response_head: 5s }\n"
    "    request_headers: { set: { X-Key: hidden }, remove: [Cookie] }\n"
    "    response_headers: { set: { X-Frame-Options: DENY } }\n";

std::string value_of(app::field_list const& fields, std::string const& name) {
    for (auto const& [each, value] : fields) {
        if (each == name) return value;
    }
    return "(none)";
}

bool holds(std::string const& text, std::string const& part) {
    CAPTURE(text, part);
    return text.find(part) != text.npos;
}

std::vector<std::string> failures(std::string const& tests) {
    std::vector<std::string> all;
    for (auto const& each : app::failed_tests(load(shop + tests))) {
        all.push_back(settings::to_text(each));
    }
    return all;
}

}  // namespace

TEST_CASE("a preview sends what the gateway would send", "[unit][preview]") {
    auto const loaded = load(shop);
    previewer const by{*loaded.value};
    auto const went = by.preview(
        {"GET https://shop.example/api/../api/x?y=1#z",
         {{"Cookie", "a=b"}, {"X-Forwarded-For", "203.0.113.9"}, {"Connection", "close"}},
         "10.0.0.1"});
    CHECK(went.why == cause::none);
    REQUIRE(went.route);
    CHECK(loaded.value->routes[*went.route].name == "api");
    CHECK(went.normal_path == "/api/x");
    CHECK(went.sent_line == "GET /api/../api/x?y=1 HTTP/1.1");
    CHECK(went.trusted_peer);
    CHECK(went.client == "203.0.113.9");
    CHECK(value_of(went.sent, "Host") == "back.internal");
    CHECK(value_of(went.sent, "X-Key") == "hidden");
    CHECK(value_of(went.sent, "Cookie") == "(none)");
    CHECK(value_of(went.sent, "Connection") == "(none)");
    CHECK(value_of(went.sent, "X-Forwarded-Port") == "8080");
    CHECK(value_of(went.answered, "X-Frame-Options") == "DENY");
}

TEST_CASE("a preview refuses what the gateway would refuse", "[unit][preview]") {
    auto const loaded = load(shop);
    previewer const by{*loaded.value};
    auto const status = [&](std::string const& text, app::field_list const& headers = {}) {
        auto const went = by.preview({text, headers});
        CHECK(went.status == status_of(went.why));
        return went.status;
    };
    CHECK(status("DELETE http://shop.example/api/x") == 405);
    CHECK(by.preview({"DELETE http://shop.example/api/x"}).allow == "GET, HEAD, POST");
    CHECK(status("POST http://shop.example/api/x", {{"Content-Length", "2000"}}) == 413);
    CHECK(status("GET http://shop.example/%zz") == 400);
    CHECK(status("GET http://shop.example/api%2fx") == 400);
    CHECK(status("GET http://other.example/api/x") == 0);
}

TEST_CASE("an explanation says which line each thing comes from", "[unit][preview]") {
    auto const loaded = load(shop);
    auto const text = app::explanation(
        loaded, {"GET http://shop.example/api/x", {{"Cookie", "a=b"}}, "203.0.113.9"});
    auto const line = [&](std::string const& begin) {
        auto const at = text.find('\n' + begin);
        INFO(text);
        REQUIRE(at != text.npos);
        return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    };
    CHECK(holds(line("route"), "api"));
    CHECK(holds(line("route"), "g.yaml:10:5"));
    CHECK(holds(line("  prefix"), "g.yaml:12:13"));
    CHECK(holds(line("  methods"), "GET, POST"));
    CHECK(holds(line("upstream"), "g.yaml:14:15"));
    CHECK(holds(line("  endpoint"), "g.yaml:6:17"));
    CHECK(holds(text, "https://back-2:443"));
    CHECK(holds(line("  balance"), "built-in default"));
    CHECK(holds(line("  host sent"), "back.internal"));
    CHECK(holds(line("  connect"), "2s"));
    CHECK(holds(line("  connect"), "built-in default"));
    CHECK(holds(line("  response head"), "5s"));
    CHECK(holds(line("  response head"), "g.yaml:16:32"));
    CHECK(holds(line("  body "), "1KiB"));
    CHECK(holds(line("  X-Key:"), "g.yaml:17:38"));
    CHECK(holds(line("  X-Frame-Options:"), "DENY"));
    CHECK(holds(line("  without Cookie"), "g.yaml:17"));
    // A secret of the file stays one.
    CHECK(text.find("hidden") == text.npos);
}

TEST_CASE("an explanation of a refusal says why", "[unit][preview]") {
    auto const text = app::explanation(load(shop), {"DELETE http://shop.example/api/x"});
    CHECK(holds(text, "405 method_not_allowed, by the gateway itself"));
    CHECK(holds(text, "GET, HEAD, POST"));
}

TEST_CASE("tests that hold say nothing", "[unit][preview]") {
    CHECK(failures("tests:\n"
                   "  - request: GET http://shop.example/api/x?y=1\n"
                   "    headers: { Cookie: a=b, X-Forwarded-For: 203.0.113.9 }\n"
                   "    client: 10.0.0.1\n"
                   "    expect:\n"
                   "      route: api\n"
                   "      upstream: back\n"
                   "      target: /api/x?y=1\n"
                   "      sends: { host: back.internal, x-real-ip: 203.0.113.9 }\n"
                   "      drops: [Cookie]\n"
                   "      answers: { X-Frame-Options: DENY }\n"
                   "  - request: http://any.example/\n"
                   "    expect: { upstream: front }\n"
                   "  - request: DELETE http://shop.example/api/x\n"
                   "    expect: { status: 405 }\n")
              .empty());
}

TEST_CASE("a test that fails says what came instead, and why", "[unit][preview]") {
    auto const one = [&](std::string const& tests) {
        auto const all = failures("tests:\n" + tests);
        REQUIRE(all.size() == 1);
        return all.front();
    };
    CHECK(
        one("  - request: GET http://shop.example/api\n    expect: { route: api }\n") ==
        "g.yaml:21:22: tests[0].expect.route: found \"/\", expected \"api\"; GET "
        "http://shop.example/api: \"/api\" fits the prefix \"/\" of line 9 best");
    CHECK(
        one("  - request: GET http://a/\n    expect: { route: ap }\n") ==
        "g.yaml:21:22: tests[0].expect.route: found \"ap\", expected the name of a route of this "
        "file: one of / and api; did you mean \"api\"?");
    CHECK(holds(
        one("  - request: PUT http://shop.example/api/x\n    expect: { upstream: back }\n"),
        "found an answer of the gateway's own, 405 (method_not_allowed), expected \"back\"; PUT "
        "http://shop.example/api/x: the path's route takes GET, HEAD, POST only"));
    CHECK(holds(
        one("  - request: GET http://a/\n    expect: { status: 404 }\n"),
        "found a request that goes upstream, expected 404"));
    // Neither what a header is set to.
    auto const secret = one(
        "  - request: GET http://shop.example/api/x\n    expect: { sends: { X-Key: guess } }\n");
    CHECK(secret.find("hidden") == secret.npos);
    CHECK(holds(secret, "g.yaml:21:31: tests[0].expect.sends.X-Key: found another value"));
}

// SPDX-License-Identifier: Apache-2.0
// What a candidate configuration would do otherwise, request by request.
#include "proxy/shadow.hpp"

#include "http/host.hpp"
#include "http/upgrade.hpp"
#include "net/address.hpp"
#include "proxy/shadow_ruling.hpp"
#include "proxy/snapshot.hpp"
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace gateway;
using proxy::difference;
using proxy::shadow;

namespace {

settings::snapshot load(std::string const& text) {
    auto loaded = settings::load_text(text, "g.yaml", [](auto) { return std::nullopt; });
    for (auto const& each : loaded.problems) UNSCOPED_INFO(settings::to_text(each));
    REQUIRE(loaded.value);
    return *loaded.value;
}

std::string const upstreams =
    "upstreams:\n"
    "  web: { endpoints: [web:80] }\n"
    "  api: { endpoints: [api:5000] }\n";
std::string const running_text = upstreams +
                                 "routes:\n"
                                 "  - { prefix: /, upstream: web }\n"
                                 "  - { prefix: /api, upstream: api }\n";

// Both configurations, and requests that are compared.
struct trial {
    trial(std::string const& running, std::string const& candidate)
        : now(load(running)),
          routes(now),
          trusted(proxy::trusted_ranges(now)),
          compared(load(candidate)) {}

    bool ask(
        std::string const& method,
        std::string const& target,
        std::string const& fields = {},
        std::string const& peer = "10.0.0.9") {
        std::string const bytes =
            method + ' ' + target + " HTTP/1.1\r\nHost: shop.example\r\n" + fields + "\r\n";
        auto const parser = std::make_unique<http::request_parser>();
        auto const head = std::make_unique<http::request_head>();
        REQUIRE(parser->parse(bytes, {}, *head) == http::parse_step::complete);
        http::connection_options options;
        http::body_framing body;
        http::target_view path;
        std::string scratch(target.size(), '\0');
        REQUIRE(http::parse_connection(*head, options) == cause::none);
        REQUIRE(http::frame_request(*head, body) == cause::none);
        REQUIRE(http::parse_target(*head, scratch, path) == cause::none);
        return compared.compare(
            {now, routes, trusted, proxy::head_limits_of(now.limits)},
            {.head = *head,
             .options = options,
             .target = path,
             .body = body,
             .peer = net::address::from_literal(peer, 1)->bytes(),
             .request_id = "id",
             .local_port = 8080,
             .upgrade = http::is_upgrade_request(*head, options)});
    }

    proxy::shadow_row const& row(std::size_t i = 0) const { return compared.figures().rows.at(i); }
    // "running -> candidate" of that difference in the first row.
    std::string detail(difference what) const {
        for (auto const& each : row().details) {
            if (each.what == what) return each.running + " -> " + each.candidate;
        }
        return "(the same)";
    }

    settings::snapshot now;
    routing::table routes;
    std::vector<http::address_range> trusted;
    shadow compared;
};

}  // namespace

TEST_CASE("the same configuration treats every request the same", "[unit][shadow]") {
    trial one{running_text, running_text};
    CHECK(one.ask("GET", "/"));
    CHECK(one.ask("GET", "/api/cart?id=7", "X-Forwarded-For: 1.2.3.4\r\nCookie: a=b\r\n"));
    CHECK(one.ask("BREW", "/a%2Fb"));
    CHECK(one.compared.figures().compared == 3);
    CHECK(one.compared.figures().different == 0);
    CHECK(one.compared.figures().rows.empty());
}

TEST_CASE("another route and another upstream are told, with an example", "[unit][shadow]") {
    trial one{
        running_text, upstreams +
                          "routes:\n"
                          "  - { prefix: /, upstream: web }\n"
                          "  - { prefix: /ap, upstream: api }\n"
                          "  - { prefix: /shop, name: shop, upstream: api }\n"};
    CHECK(one.ask("GET", "/about"));
    CHECK(!one.ask("GET", "/shop/cart?secret=1"));
    CHECK(!one.ask("POST", "/shop"));
    CHECK(one.compared.figures().compared == 3);
    CHECK(one.compared.figures().different == 2);
    REQUIRE(one.compared.figures().rows.size() == 1);
    CHECK(one.row().requests == 2);
    CHECK(one.row().running_route == "/");
    CHECK(one.row().candidate_route == "shop");
    CHECK(one.row().method == "GET");
    CHECK(one.row().host == "shop.example");
    CHECK(one.row().path == "/shop/cart");
    CHECK(one.detail(difference::route) == "/ -> shop");
    CHECK(one.detail(difference::upstream) == "web -> api");
    CHECK(one.detail(difference::target) == "(the same)");
    // A request whose route is gone: the names differ, so that is another row.
    CHECK(!one.ask("GET", "/api"));
    CHECK(one.row(1).candidate_route == "/");
}

TEST_CASE("an answer of the gateway's own is told with its cause", "[unit][shadow]") {
    trial one{
        running_text, upstreams +
                          "routes:\n"
                          "  - { prefix: /api, methods: [GET], upstream: api }\n"
                          "  - { prefix: /web, upstream: web }\n"
                          "limits: { body: 10 }\n"};
    SECTION("no route") {
        CHECK(!one.ask("GET", "/"));
        CHECK(one.detail(difference::answer) == "goes upstream -> 404 no_route");
        CHECK(one.detail(difference::route) == "/ -> ");
    }
    SECTION("no such method") {
        CHECK(!one.ask("POST", "/api", "Content-Length: 3\r\n"));
        CHECK(one.detail(difference::answer) == "goes upstream -> 405 method_not_allowed");
    }
    SECTION("a body beyond the limit") {
        CHECK(!one.ask("GET", "/api", "Content-Length: 11\r\n"));
        CHECK(one.detail(difference::answer) == "goes upstream -> 413 body_too_large");
    }
}

TEST_CASE("a smaller limit for heads refuses what was taken", "[unit][shadow]") {
    trial one{running_text, running_text + "limits: { header_fields: 8 }\n"};
    std::string fields;  // beside Host
    for (char const name : std::string{"ABCDEFG"}) fields += std::string{name} + ": 1\r\n";
    CHECK(one.ask("GET", "/", fields));
    CHECK(!one.ask("GET", "/", fields + "H: 1\r\n"));
    CHECK(one.row().details.front().what == difference::answer);
    CHECK(one.row().candidate_route.empty());
}

TEST_CASE("what is sent upstream is compared field by field", "[unit][shadow]") {
    trial one{
        running_text,
        "upstreams:\n"
        "  web: { endpoints: [web:80], host: inside.example }\n"
        "  api: { endpoints: [api:5000, api-2:5000] }\n"
        "routes:\n"
        "  - prefix: /\n"
        "    upstream: web\n"
        "    request_headers: { set: { X-Key: very-secret }, remove: [Cookie] }\n"
        "    response_headers: { set: { X-Frame-Options: DENY } }\n"
        "  - { prefix: /api, upstream: api, timeouts: { response_head: 3s }, limits: { body: 1KiB "
        "},"
        " retries: { extra_tries: 4 } }\n"};
    SECTION("by names, never by values") {
        CHECK(!one.ask("GET", "/", "Cookie: a=private\r\nX-Key: mine\r\n"));
        CHECK(one.detail(difference::request_fields) == " -> drops Cookie; changes X-Key");
        CHECK(one.detail(difference::host) == "shop.example -> inside.example");
        CHECK(one.detail(difference::response_fields) == "none -> sets X-Frame-Options");
        CHECK(one.detail(difference::upstream_settings) == "web:80 -> web:80, other settings");
        for (auto const& each : one.row().details) {
            CHECK((each.running + each.candidate).find("private") == std::string::npos);
            CHECK((each.running + each.candidate).find("very-secret") == std::string::npos);
        }
    }
    SECTION("limits, time-outs, retries and endpoints") {
        CHECK(!one.ask("GET", "/api"));
        CHECK(one.detail(difference::timeouts) == "response_head 55s -> response_head 3s");
        CHECK(one.detail(difference::retries) == "1 more -> 4 more");
        CHECK(one.detail(difference::upstream_settings) == "api:5000 -> api:5000, api-2:5000");
        CHECK(one.detail(difference::request_fields) == "(the same)");
        CHECK(one.compared.figures().by[static_cast<std::size_t>(difference::body_limit)] == 1);
    }
}

TEST_CASE("whom a candidate trusts shows in the client's address", "[unit][shadow]") {
    trial one{running_text, running_text + "forwarding: { trusted_proxies: [] }\n"};
    CHECK(!one.ask("GET", "/", "X-Forwarded-For: 203.0.113.7\r\n"));
    CHECK(one.detail(difference::client) == "203.0.113.7 -> 10.0.0.9");
    // A client of the internet was trusted by neither.
    CHECK(one.ask("GET", "/", "X-Forwarded-For: 203.0.113.7\r\n", "198.51.100.4"));
}

TEST_CASE("differences without end fill no memory", "[unit][shadow]") {
    std::string many = "routes:\n";
    for (std::size_t i = 0; i < proxy::shadow_figures::rows_max + 20; ++i) {
        many += "  - { prefix: /" + std::to_string(i) + ", upstream: web }\n";
    }
    trial one{running_text, upstreams + many + "  - { prefix: /x, upstream: api }\n"};
    for (std::size_t i = 0; i < proxy::shadow_figures::rows_max + 20; ++i) {
        CHECK(!one.ask("GET", "/" + std::to_string(i)));
    }
    auto const& figures = one.compared.figures();
    CHECK(figures.rows.size() == proxy::shadow_figures::rows_max);
    CHECK(figures.beyond == 20);
    CHECK(figures.different == proxy::shadow_figures::rows_max + 20);
    // Two cores' rows of the same kind are one.
    proxy::shadow_figures sum = figures;
    sum.add(figures);
    CHECK(sum.rows.size() == proxy::shadow_figures::rows_max);
    CHECK(sum.rows.front().requests == 2);
    CHECK(sum.beyond == 40);
}

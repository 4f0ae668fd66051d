// SPDX-License-Identifier: Apache-2.0
#include "proxy/header_filters.hpp"

#include "http/head_parser.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

using namespace gateway;

namespace {

// What goes upstream for a request's head.
struct request_case {
    std::string text;
    bool trusted = false;
    bool upgrade = false;
    bool via = true;
    std::string host{};
    settings::route route{};
    std::optional<std::uint32_t> max_forwards{};

    std::string sent() const {
        http::request_parser parser;
        http::request_head head;
        REQUIRE(parser.parse(text, {}, head) == http::parse_step::complete);
        http::connection_options options;
        REQUIRE(http::parse_connection(head, options) == cause::none);
        http::body_framing body;
        REQUIRE(http::frame_request(head, body) == cause::none);
        http::target_view target;
        REQUIRE(http::parse_target(head, {}, target) == cause::none);
        std::array<char, 8192> memory;
        http::head_writer out{memory};
        proxy::write_request(
            out, {.head = head,
                  .options = options,
                  .target = target,
                  .body = body,
                  .route = route,
                  .host = host,
                  .fallback_host = "fallback:1",
                  .peer_text = "10.0.0.9",
                  .client_text = "198.51.100.7",
                  .request_id = "id-1",
                  .local_port = 8080,
                  .trusted_peer = trusted,
                  .upgrade = upgrade,
                  .via = via,
                  .max_forwards = max_forwards});
        REQUIRE_FALSE(out.overflowed());
        return std::string{out.text()};
    }
};

bool has_line(std::string const& head, std::string const& line) {
    return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

bool names(std::string const& head, std::string const& name) {
    return head.find("\r\n" + name + ":") != std::string::npos;
}

}  // namespace

TEST_CASE("an ordinary request goes on with what the gateway adds", "[unit][header_filters]") {
    request_case const one{
        .text = "GET /a?b=1 HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\nX-A:  b \r\n\r\n"};
    CHECK(
        one.sent() ==
        "GET /a?b=1 HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\nX-A: b\r\n"
        "X-Forwarded-For: 10.0.0.9\r\nX-Real-IP: 198.51.100.7\r\nX-Forwarded-Proto: http\r\n"
        "X-Forwarded-Port: 8080\r\nX-Forwarded-Host: shop.example\r\nX-Request-Id: id-1\r\n"
        "Via: 1.1 gateway\r\n\r\n");
}

TEST_CASE("fields of one connection do not travel", "[unit][header_filters]") {
    std::string const head =
        request_case{
            .text =
                "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n"
                "Keep-Alive: timeout=5\r\nProxy-Authorization: Basic x\r\nTE: gzip\r\n"
                "Trailer: X-T\r\nProxy-Connection: keep-alive\r\nX-End: 1\r\n\r\n"}
            .sent();
    for (char const* name :
         {"Connection", "X-Hop", "Keep-Alive", "Proxy-Authorization", "TE", "Trailer",
          "Proxy-Connection"}) {
        CAPTURE(name);
        CHECK_FALSE(names(head, name));
    }
    CHECK(has_line(head, "X-End: 1"));
}

TEST_CASE("an untrusted peer says nothing about the client", "[unit][header_filters]") {
    std::string const head =
        request_case{
            .text =
                "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\n"
                "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
                "X-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n"}
            .sent();
    CHECK(has_line(head, "X-Forwarded-For: 10.0.0.9"));
    CHECK(has_line(head, "X-Forwarded-Proto: http"));
    CHECK(has_line(head, "X-Forwarded-Host: h"));
    CHECK(has_line(head, "X-Forwarded-Port: 8080"));
    CHECK(has_line(head, "X-Real-IP: 198.51.100.7"));
    CHECK_FALSE(names(head, "Forwarded"));
    CHECK(head.find("1.2.3.4") == std::string::npos);
    CHECK(head.find("6.6.6.6") == std::string::npos);
}

TEST_CASE("a trusted peer's word is kept and the list goes on", "[unit][header_filters]") {
    request_case one{
        .text =
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-For: 5.6.7.8\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n",
        .trusted = true};
    std::string const head = one.sent();
    CHECK(has_line(head, "X-Forwarded-For: 1.2.3.4, 5.6.7.8, 10.0.0.9"));
    CHECK(has_line(head, "X-Forwarded-Proto: https"));
    CHECK_FALSE(has_line(head, "X-Forwarded-Proto: http"));
    CHECK(head.find("6.6.6.6") == std::string::npos);
}

TEST_CASE("an empty element of the list stays where it is", "[unit][header_filters]") {
    // It ends our own walk through the list (http/forwarded), so it must end the application's too.
    request_case const one{
        .text =
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For:\r\nX-Forwarded-For: 1.2.3.4\r\n"
            "X-Forwarded-For: \r\n\r\n",
        .trusted = true};
    CHECK(has_line(one.sent(), "X-Forwarded-For: 1.2.3.4, , 10.0.0.9"));
}

TEST_CASE("framing is written anew, once", "[unit][header_filters]") {
    SECTION("a length") {
        std::string const head =
            request_case{.text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 007\r\n\r\n"}
                .sent();
        CHECK(has_line(head, "Content-Length: 7"));
        CHECK(head.find("007") == std::string::npos);
    }
    SECTION("chunks") {
        std::string const head =
            request_case{.text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"}
                .sent();
        CHECK(has_line(head, "Transfer-Encoding: chunked"));
        CHECK(head.find("Chunked") == std::string::npos);
    }
}

TEST_CASE("the host is the target's, the upstream's or a fallback", "[unit][header_filters]") {
    SECTION("an absolute target wins over Host") {
        std::string const head =
            request_case{.text = "GET http://real/x?y HTTP/1.1\r\nHost: other\r\n\r\n"}.sent();
        CHECK(head.starts_with("GET /x?y HTTP/1.1\r\nHost: real\r\n"));
        CHECK(has_line(head, "X-Forwarded-Host: real"));
    }
    SECTION("an upstream's own host replaces it") {
        request_case one{.text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"};
        one.host = "internal.example";
        std::string const head = one.sent();
        CHECK(has_line(head, "Host: internal.example"));
        CHECK(has_line(head, "X-Forwarded-Host: h"));
    }
    SECTION("HTTP/1.0 without Host gets the endpoint's") {
        std::string const head = request_case{.text = "GET / HTTP/1.0\r\n\r\n"}.sent();
        CHECK(head.starts_with("GET / HTTP/1.1\r\nHost: fallback:1\r\n"));
        CHECK(has_line(head, "Via: 1.0 gateway"));
    }
}

TEST_CASE("a route adds, sets and removes request fields", "[unit][header_filters]") {
    request_case one{
        .text = "GET / HTTP/1.1\r\nHost: h\r\nX-Old: 1\r\nx-set: a\r\nX-Set: b\r\n\r\n"};
    one.route.request_headers = {
        .add = {{"X-New", "n"}}, .set = {{"X-Set", "c"}}, .remove = {"X-OLD"}};
    std::string const head = one.sent();
    CHECK_FALSE(names(head, "X-Old"));
    CHECK(has_line(head, "X-Set: c"));
    CHECK(head.find("x-set") == std::string::npos);
    CHECK(head.find(": b\r\n") == std::string::npos);
    CHECK(has_line(head, "X-New: n"));
}

TEST_CASE("Via can be left out and trailers can be asked for", "[unit][header_filters]") {
    request_case one{
        .text = "GET / HTTP/1.1\r\nHost: h\r\nTE: trailers, gzip\r\nConnection: TE\r\n\r\n",
        .via = false};
    std::string const head = one.sent();
    CHECK_FALSE(names(head, "Via"));
    CHECK(has_line(head, "TE: trailers"));
    CHECK(has_line(head, "Connection: TE"));
}

TEST_CASE("an upgrade is asked for in the gateway's own words", "[unit][header_filters]") {
    request_case one{
        .text =
            "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
        .upgrade = true};
    std::string const head = one.sent();
    CHECK(has_line(head, "Connection: upgrade"));
    CHECK(has_line(head, "Upgrade: websocket"));
    CHECK(has_line(head, "Sec-WebSocket-Key: k"));
}

TEST_CASE("what only proxies say does not come from a client", "[unit][header_filters]") {
    std::string const head =
        request_case{
            .text =
                "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Client-Cert: evil\r\nProxy: evil\r\n"
                "X-Forwarded-User: evil\r\nProxy-Evil: evil\r\nProxy-Status: evil\r\n"
                "X.Forwarded.For: evil\r\nX_Forwarded_Evil: evil\r\nProxy_Authorization: evil\r\n"
                "X-Fine: 1\r\n\r\n"}
            .sent();
    CHECK(head.find("evil") == std::string::npos);
    CHECK(has_line(head, "X-Fine: 1"));
}

TEST_CASE("a trusted proxy may say more of the client", "[unit][header_filters]") {
    request_case one{
        .text =
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Client-Cert: good\r\nProxy: evil\r\n"
            "X_Forwarded_Client_Cert: evil\r\nConnection: X-Forwarded-Client-Cert\r\n\r\n",
        .trusted = true};
    std::string const head = one.sent();
    // RFC 9110 7.6.1 lets a client name fields away, but not those that a proxy added for us.
    CHECK(has_line(head, "X-Forwarded-Client-Cert: good"));
    CHECK(head.find("evil") == std::string::npos);
}

TEST_CASE("a field that a route sets comes from nowhere else", "[unit][header_filters]") {
    request_case one{
        .text =
            "GET / HTTP/1.1\r\nHost: h\r\nX-Secret: evil\r\nX_Secret: evil\r\nx.secret: evil\r\n"
            "X_Gone: evil\r\n\r\n"};
    one.route.request_headers = {
        .add = {},
        .set = {{"X-Secret", "good"}, {"X-Forwarded-Proto", "https"}},
        .remove = {"X-Gone", "X-Real-IP", "Via"}};
    std::string const head = one.sent();
    CHECK(head.find("evil") == std::string::npos);
    CHECK(has_line(head, "X-Secret: good"));
    CHECK(has_line(head, "X-Forwarded-Proto: https"));
    CHECK_FALSE(has_line(head, "X-Forwarded-Proto: http"));
    CHECK_FALSE(names(head, "X-Real-IP"));
    CHECK_FALSE(names(head, "Via"));
}

TEST_CASE("Max-Forwards goes on as it was counted", "[unit][header_filters]") {
    request_case one{.text = "OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 8\r\n\r\n"};
    CHECK(has_line(one.sent(), "Max-Forwards: 8"));
    one.max_forwards = 7;
    CHECK(has_line(one.sent(), "Max-Forwards: 7"));
    CHECK_FALSE(has_line(one.sent(), "Max-Forwards: 8"));
}

TEST_CASE("a length that only describes is written in its one spelling", "[unit][header_filters]") {
    auto const [status, asked] = GENERATE(
        std::pair{"200 OK", http::method::head}, std::pair{"304 Not Modified", http::method::get});
    std::string const text = std::string{"HTTP/1.1 "} + status +
                             "\r\nContent-Length: 00000000000000000000000077\r\n\r\n";
    http::response_parser parser;
    http::response_head head;
    REQUIRE(parser.parse(text, {}, head) == http::parse_step::complete);
    http::connection_options options;
    http::body_framing body;
    REQUIRE(http::frame_response(head, asked, body) == cause::none);
    std::array<char, 8192> memory;
    http::head_writer out{memory};
    settings::route const route;
    proxy::write_response(
        out, {.head = head,
              .options = options,
              .body = body,
              .chunked = false,
              .head_only = true,
              .connection = proxy::client_connection::keep_alive,
              .http_1_0 = false,
              .route = route,
              .request_id = "id-1",
              .date = "d"});
    CHECK(has_line(std::string{out.text()}, "Content-Length: 77"));
}

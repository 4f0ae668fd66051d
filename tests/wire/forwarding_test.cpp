// SPDX-License-Identifier: Apache-2.0
// What the upstream is told of the client, and which fields end at the gateway.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

// From a trusted peer this says: 203.0.113.7 asked for https://shop.example:8443.
constexpr char const* claims =
    "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
    "X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 8443\r\nX-Real-IP: 203.0.113.7\r\n";

message seen_by_upstream(
    configuration const& settings, imposter_origin const& origin, std::string const& fields) {
    gateway_process gateway{settings};
    CHECK(get(gateway.port(), "/", fields).status() == 200);
    return origin.last_request();
}

}  // namespace

TEST_CASE("the upstream learns who the client is and what it asked for", "[wire][forwarding]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/").status() == 200);
    auto const request = origin.last_request();
    CHECK(request.value("Host") == "test");
    CHECK(request.value("X-Real-IP") == "127.0.0.1");
    CHECK(request.value("X-Forwarded-For") == "127.0.0.1");
    CHECK(request.value("X-Forwarded-Proto") == "http");
    CHECK(request.value("X-Forwarded-Host") == "test");
    CHECK(request.value("X-Forwarded-Port") == std::to_string(gateway.port()));
    CHECK(request.count("Via") == 1);
    CHECK(request.value("Via").starts_with("1.1 "));
}

TEST_CASE("a trusted proxy's word about the client is kept", "[wire][forwarding]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    SECTION("by default a loopback peer is trusted") {}
    SECTION("one may be named") { settings.forwarding("trusted_proxies: [\"127.0.0.1\"]"); }
    auto const request = seen_by_upstream(settings, origin, claims);
    CHECK(request.value("X-Real-IP") == "203.0.113.7");
    CHECK(request.value("X-Forwarded-For") == "203.0.113.7, 127.0.0.1");
    CHECK(request.value("X-Forwarded-Proto") == "https");
    CHECK(request.value("X-Forwarded-Host") == "shop.example");
    CHECK(request.value("X-Forwarded-Port") == "8443");
}

TEST_CASE("an untrusted client's word about itself is not passed on", "[wire][forwarding]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    SECTION("nobody is trusted") { settings.forwarding("trusted_proxies: []"); }
    SECTION("others are") { settings.forwarding("trusted_proxies: [\"10.0.0.0/8\"]"); }
    std::string fields{claims};
    fields += "Forwarded: for=203.0.113.7\r\n";
    auto const request = seen_by_upstream(settings, origin, fields);
    CHECK(request.value("X-Real-IP") == "127.0.0.1");
    CHECK(request.value("X-Forwarded-For") == "127.0.0.1");
    CHECK(request.value("X-Forwarded-Proto") == "http");
    CHECK(request.value("X-Forwarded-Host") == "test");
    CHECK(request.value("X-Forwarded-Port") != "8443");
    CHECK(request.value("Forwarded").find("203.0.113.7") == std::string::npos);
}

TEST_CASE("the client is the last address no trusted proxy vouches for", "[wire][forwarding]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    // The leftmost was written by the client itself; the proxy before us added 198.51.100.9.
    CHECK(
        get(gateway.port(), "/",
            "X-Forwarded-For: 6.6.6.6, 198.51.100.9\r\nX-Forwarded-For: 10.1.2.3\r\n")
            .status() == 200);
    CHECK(origin.last_request().value("X-Real-IP") == "198.51.100.9");
    CHECK(
        origin.last_request().value("X-Forwarded-For") ==
        "6.6.6.6, 198.51.100.9, 10.1.2.3, 127.0.0.1");
    CHECK(gateway.wait_for_access_line_of("/").text("client") == "198.51.100.9");
}

TEST_CASE("Via is added to what is there, or left out by setting", "[wire][forwarding]") {
    imposter_origin origin;
    auto settings = all_to(origin.endpoint());
    SECTION("added") {
        auto const via = seen_by_upstream(settings, origin, "Via: 1.0 fred\r\n").value("Via");
        CHECK(via.starts_with("1.0 fred, 1.1 "));
    }
    SECTION("left out") {
        settings.forwarding("via: false");
        auto const request = seen_by_upstream(settings, origin, "");
        CHECK_FALSE(request.has("Via"));
    }
}

TEST_CASE("an upstream may be asked under a host name of its own", "[wire][forwarding]") {
    imposter_origin origin;
    auto const settings = configuration{}
                              .upstream("app", {origin.endpoint()}, ", host: inner.example")
                              .route("prefix: /, upstream: app");
    auto const request = seen_by_upstream(settings, origin, "");
    CHECK(request.count("Host") == 1);
    CHECK(request.value("Host") == "inner.example");
    CHECK(request.value("X-Forwarded-Host") == "test");
}

TEST_CASE("fields of one connection do not travel on", "[wire][forwarding]") {
    imposter_origin origin;
    origin.otherwise(imposter_origin::ok(
        "hello",
        "Connection: X-Inner, keep-alive\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\n"
        "Proxy-Authenticate: Basic\r\nX-Outer: 2\r\n"));
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response = get(
        gateway.port(), "/",
        "Connection: X-Hop, keep-alive\r\nconnection: x-other\r\nX-Hop: 1\r\nX-OTHER: 1\r\n"
        "Keep-Alive: timeout=5\r\nProxy-Authorization: Basic eA==\r\nProxy-Connection: close\r\n"
        "TE: gzip\r\nUpgrade: x\r\nX-End: 2\r\n");
    auto const request = origin.last_request();
    for (auto const name :
         {"X-Hop", "X-Other", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE",
          "Upgrade"}) {
        CAPTURE(name);
        CHECK_FALSE(request.has(name));
    }
    CHECK(request.value("Connection").find("X-Hop") == std::string::npos);
    CHECK(request.value("X-End") == "2");
    for (auto const name : {"X-Inner", "Keep-Alive", "Proxy-Authenticate"}) {
        CAPTURE(name);
        CHECK_FALSE(response.has(name));
    }
    CHECK(response.value("Connection").find("X-Inner") == std::string::npos);
    CHECK(response.value("X-Outer") == "2");
    CHECK(response.body == "hello");
}

TEST_CASE("a wish for trailers travels on", "[wire][forwarding]") {
    imposter_origin origin;
    auto const request =
        seen_by_upstream(all_to(origin.endpoint()), origin, "TE: trailers\r\nConnection: TE\r\n");
    // RFC 9110 10.1.4: sent anew, with the Connection option that makes it this hop's.
    CHECK(request.value("TE") == "trailers");
    CHECK(request.value("Connection") == "TE");
}

TEST_CASE("Connection cannot name away what the message needs", "[wire][forwarding]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response =
        ask(gateway.port(),
            post_request("/", "body", "Connection: Host, Content-Length, X-Forwarded-For\r\n"));
    CHECK(response.status() == 200);
    CHECK(origin.last_request().value("Host") == "test");
    CHECK(origin.last_request().body == "body");
    CHECK(origin.last_request().value("X-Forwarded-For") == "127.0.0.1");
}

TEST_CASE("end-to-end fields pass as they are, in their order", "[wire][forwarding]") {
    imposter_origin origin;
    origin.otherwise(imposter_origin::ok(
        "hello", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty:\r\nserver: imposter\r\n"));
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response =
        get(gateway.port(), "/",
            "Accept: */*\r\nCookie: x=y; z\r\nX-Twice: 1\r\nAuthorization: Basic eA==\r\n"
            "X-Twice:   2  \r\nX-Obs: caf\xc3\xa9\r\n");
    auto const request = origin.last_request();
    CHECK(request.value("Accept") == "*/*");
    CHECK(request.value("Cookie") == "x=y; z");
    CHECK(request.value("Authorization") == "Basic eA==");
    CHECK(request.value("X-Twice") == "1, 2");
    CHECK(request.value("X-Obs") == "caf\xc3\xa9");
    CHECK(response.value("Set-Cookie") == "a=1, b=2");
    CHECK(response.has("X-Empty"));
    CHECK(response.value("Server") == "imposter");
    CHECK(response.count("Date") <= 1);
}

TEST_CASE("a route adds, sets and removes fields both ways", "[wire][forwarding]") {
    imposter_origin origin;
    origin.otherwise(imposter_origin::ok(
        "hello", "X-Powered-By: imposter\r\nCache-Control: private\r\nX-Both: theirs\r\n"));
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()})
            .route("prefix: /, upstream: app, "
                   "request_headers: { add: { X-Both: ours }, set: { X-Role: visitor }, "
                   "remove: [x-debug] }, "
                   "response_headers: { add: { x-both: ours }, "
                   "set: { cache-control: no-store, X-Frame-Options: DENY }, "
                   "remove: [X-Powered-By] }")
            .route("prefix: /plain, upstream: app")};
    auto const response = get(
        gateway.port(), "/", "X-Role: admin\r\nX-ROLE: root\r\nX-Debug: 1\r\nX-Both: theirs\r\n");
    auto const request = origin.last_request();
    CHECK(request.value("X-Role") == "visitor");
    CHECK(request.value("X-Both") == "theirs, ours");
    CHECK_FALSE(request.has("X-Debug"));
    CHECK(response.value("Cache-Control") == "no-store");
    CHECK(response.value("X-Frame-Options") == "DENY");
    CHECK(response.value("X-Both") == "theirs, ours");
    CHECK_FALSE(response.has("X-Powered-By"));
    auto const plain = get(gateway.port(), "/plain", "X-Debug: 1\r\n");
    CHECK(origin.last_request().value("X-Debug") == "1");
    CHECK(plain.value("X-Powered-By") == "imposter");
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Responses without a body, interim responses and expectations: where the framing is special.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {

TEST_CASE("a response to HEAD keeps its fields and has no body", "[wire][forms]") {
    imposter_origin origin;
    origin.when("/length", "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
    origin.when("/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send("HEAD /length HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(client.receive_only_head().value("Content-Length") == "12345");
    client.send("HEAD /chunked HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(client.receive_only_head().status() == 200);
    client.send(get_request("/"));
    CHECK(client.receive().body == "hello");
    CHECK(origin.connections() == 1);
}

TEST_CASE("204 and 304 have no body, and the connections stay", "[wire][forms]") {
    imposter_origin origin;
    origin.when("/204", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n");
    // RFC 9110 8.6: a 304 may say how long the 200 would have been.
    origin.when("/304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: \"x\"\r\n\r\n");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 2; ++i) {
        client.send(get_request("/204"));
        auto const none = client.receive();
        CHECK(none.status() == 204);
        CHECK(none.value("X-A") == "1");
        CHECK_FALSE(none.has("Content-Length"));
        CHECK_FALSE(none.has("Transfer-Encoding"));
        client.send(get_request("/304"));
        auto const unchanged = client.receive();
        CHECK(unchanged.status() == 304);
        CHECK(unchanged.value("ETag") == "\"x\"");
    }
    CHECK(origin.connections() == 1);
}

TEST_CASE("interim responses pass before the final one", "[wire][forms]") {
    gate hints_seen;
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 102 Processing\r\n\r\n");
        connection.send("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
        hints_seen.wait();
        connection.send(imposter_origin::ok("final"));
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 2; ++i) {
        client.send(get_request("/"));
        CHECK(client.receive().status() == 102);
        auto const hints = client.receive();
        CHECK(hints.status() == 103);
        CHECK(hints.value("Link") == "</style.css>; rel=preload");
        CHECK_FALSE(hints.has("Content-Length"));
        hints_seen.open();
        CHECK(client.receive().body == "final");
    }
    CHECK(origin.connections() == 1);
}

TEST_CASE("an HTTP/1.0 client is spared interim responses", "[wire][forms]") {
    imposter_origin origin;
    origin.otherwise("HTTP/1.1 103 Early Hints\r\n\r\n" + imposter_origin::ok("final"));
    gateway_process gateway{all_to(origin.endpoint())};
    // RFC 9110 15.2: HTTP/1.0 did not define any 1xx.
    CHECK(ask(gateway.port(), "GET / HTTP/1.0\r\n\r\n").body == "final");
}

TEST_CASE("who expects 100-continue sends the body after it", "[wire][forms]") {
    imposter_origin origin;
    origin.when_head_of("/", [](origin_connection& connection, message const& head) {
        auto request = head;
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        connection.receive_body(request, unframed::is_empty);
        connection.send(imposter_origin::ok(request.body));
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 3; ++i) {
        client.send(
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n"
            "Expect: 100-continue\r\n\r\n");
        REQUIRE(client.receive().status() == 100);
        client.send("body");
        auto const response = client.receive();
        CHECK(response.status() == 200);
        CHECK(response.body == "body");
    }
}

TEST_CASE("who expects 100-continue in vain may send the body all the same", "[wire][forms]") {
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const& request) {
        connection.send(imposter_origin::ok(request.body));
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (std::size_t i = 1; i < 4; ++i) {
        client.send(
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n"
            "Expect: 100-continue\r\n\r\n");
        // RFC 9110 10.1.1: a client does not wait for ever.
        origin.wait_for_requests(i);
        client.send("body");
        auto response = client.receive();
        if (response.status() == 100) response = client.receive();
        CHECK(response.status() == 200);
        CHECK(response.body == "body");
    }
}

TEST_CASE("an upstream that refuses what it is to expect is heard at once", "[wire][forms]") {
    imposter_origin origin;
    origin.when_head_of("/", [](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
        connection.closed_by_peer();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n"
        "Expect: 100-continue\r\n\r\n");
    auto const response = client.receive();
    CHECK(response.status() == 417);
    CHECK(response.body == "no");
}

TEST_CASE("an expectation with the body already on its way is no obstacle", "[wire][forms]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(post_request("/", "body", "Expect: 100-continue\r\n"));
    auto response = client.receive();
    if (response.status() == 100) response = client.receive();
    CHECK(response.status() == 200);
    CHECK(origin.last_request().body == "body");
    client.send(get_request("/"));
    CHECK(client.receive().status() == 200);
}

TEST_CASE("an unknown expectation is refused", "[wire][forms]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response = ask(gateway.port(), post_request("/", "x", "Expect: miracles\r\n"));
    CHECK(response.status() == 417);
    CHECK(origin.requests().empty());
}

TEST_CASE("a body too large is refused before the client sends it", "[wire][forms]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).limits("body: 1KiB")};
    raw_client client{gateway.port()};
    client.send(
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1025\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(client.receive().status() == 413);
    CHECK(origin.requests().empty());
}

TEST_CASE("methods without meaning to the gateway pass", "[wire][forms]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (std::string const method : {"PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"}) {
        client.send(method + " /x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab");
        CHECK(client.receive().status() == 200);
        CHECK(origin.last_request().method() == method);
        CHECK(origin.last_request().body == "ab");
    }
}

}  // namespace gateway::support

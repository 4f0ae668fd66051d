// SPDX-License-Identifier: Apache-2.0
// How long a connection lives and how many requests it carries, on both sides of the gateway.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <thread>

namespace gateway::support {

TEST_CASE("a connection carries request after request, on both sides", "[wire][keep-alive]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 100; ++i) {
        client.send(i % 2 == 0 ? get_request("/") : post_request("/", "some body"));
        auto const response = client.receive();
        REQUIRE(response.status() == 200);
        REQUIRE(response.body == "hello");
    }
    CHECK(origin.requests().size() == 100);
    CHECK(origin.connections() == 1);
}

TEST_CASE("clients one after another share an upstream connection", "[wire][keep-alive]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    for (int i = 0; i < 20; ++i) REQUIRE(get(gateway.port(), "/").status() == 200);
    CHECK(origin.connections() == 1);
}

TEST_CASE("pipelined requests are answered in order", "[wire][keep-alive]") {
    gate released;
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const& request) {
        connection.send(imposter_origin::ok(request.method() + request.target() + request.body));
    });
    origin.when_open(released, "/slow", "slow");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    std::string const all = get_request("/slow") + post_request("/1", "body") + get_request("/2") +
                            "POST /3 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3\r\nabc\r\n0\r\n\r\n" +
                            get_request("/4", "Connection: close\r\n");
    SECTION("in one write") { client.send(all); }
    SECTION("byte by byte") { client.send_in_pieces(all, 1); }
    released.open();
    CHECK(client.receive().body == "slow");
    CHECK(client.receive().body == "POST/1body");
    CHECK(client.receive().body == "GET/2");
    CHECK(client.receive().body == "POST/3abc");
    CHECK(client.receive().body == "GET/4");
    CHECK(client.closed_by_peer());
}

TEST_CASE("an HTTP/1.0 connection closes unless the client asked otherwise", "[wire][keep-alive]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    SECTION("it did not ask") {
        client.send("GET / HTTP/1.0\r\n\r\n");
        CHECK(client.receive().body == "hello");
        CHECK(client.closed_by_peer());
    }
    SECTION("it asked") {
        for (int i = 0; i < 3; ++i) {
            client.send("GET / HTTP/1.0\r\nHost: t\r\nConnection: Keep-Alive\r\n\r\n");
            auto const response = client.receive();
            CHECK(response.body == "hello");
            CHECK(equal_ignoring_case(response.value("Connection"), "keep-alive"));
        }
    }
    CHECK(origin.last_request().start_line == "GET / HTTP/1.1");
}

TEST_CASE("an HTTP/1.0 client never sees chunks", "[wire][keep-alive]") {
    imposter_origin origin;
    origin.otherwise(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response =
        ask(gateway.port(), "GET / HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\n\r\n");
    CHECK_FALSE(response.has("Transfer-Encoding"));
    CHECK_FALSE(response.has("Content-Length"));
    CHECK_FALSE(equal_ignoring_case(response.value("Connection"), "keep-alive"));
    CHECK(response.body == "hello world");
}

TEST_CASE("Connection: close is obeyed on either side", "[wire][keep-alive]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    SECTION("by the client's wish its connection closes, the upstream's stays") {
        client.send(get_request("/", "Connection: close\r\n"));
        auto const response = client.receive();
        CHECK(response.value("Connection") == "close");
        CHECK(client.closed_by_peer());
        CHECK(get(gateway.port(), "/").status() == 200);
        CHECK(origin.connections() == 1);
    }
    SECTION("by the upstream's wish its connection closes, the client's stays") {
        origin.otherwise([](origin_connection& connection, message const&) {
            connection.send(imposter_origin::ok("bye", "Connection: close\r\n")).close();
        });
        for (int i = 0; i < 3; ++i) {
            client.send(get_request("/"));
            auto const response = client.receive();
            CHECK(response.status() == 200);
            CHECK_FALSE(response.has("Connection"));
        }
        CHECK(origin.connections() == 3);
    }
}

TEST_CASE("an HTTP/1.0 upstream is asked once per connection", "[wire][keep-alive]") {
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const&) {
        connection.send("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold").close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 3; ++i) {
        client.send(get_request("/"));
        auto const response = client.receive();
        CHECK(response.start_line.starts_with("HTTP/1.1 200"));
        CHECK(response.body == "old");
    }
    CHECK(origin.connections() == 3);
}

TEST_CASE("empty lines before a request are skipped", "[wire][keep-alive]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    // RFC 9112 2.2: old clients send a CRLF after a body.
    client.send(post_request("/", "x") + "\r\n" + get_request("/"));
    CHECK(client.receive().status() == 200);
    CHECK(client.receive().status() == 200);
}

TEST_CASE("many clients at once are all served", "[wire][keep-alive]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).limits("upstream_idle_connections: 200")};
    std::vector<raw_client> clients;
    for (int i = 0; i < 200; ++i) clients.emplace_back(gateway.port());
    for (int round = 0; round < 5; ++round) {
        for (auto& client : clients) client.send(get_request("/"));
        for (auto& client : clients) REQUIRE(client.receive().body == "hello");
    }
    CHECK(origin.requests().size() == 1'000);
    CHECK(origin.connections() <= 200);
}

}  // namespace gateway::support

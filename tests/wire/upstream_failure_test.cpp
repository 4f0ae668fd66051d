// SPDX-License-Identifier: Apache-2.0
// What an upstream can get wrong, and what the client is told of it.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

std::string cause_in(message const& reply) { return json_object{reply.body}.text("cause"); }

}  // namespace

TEST_CASE("an upstream nobody listens at gets 502 told, again and again", "[wire][failure]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    for (int i = 0; i < 3; ++i) {
        auto const request = i == 1 ? post_request("/", "body") : get_request("/");
        auto const reply = ask(gateway.port(), request);
        CHECK(reply.status() == 502);
        CHECK(cause_in(reply) == "connect_refused");
    }
}

TEST_CASE("an upstream that comes back is used at once", "[wire][failure]") {
    std::optional<imposter_origin> origin{std::in_place};
    gateway_process gateway{all_to(origin->endpoint())};
    CHECK(get(gateway.port(), "/").status() == 200);
    origin.reset();
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 502);
}

TEST_CASE("a broken response head becomes 502", "[wire][failure]") {
    auto const bytes = GENERATE(
        as<std::string>{}, "nonsense\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nbroken\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\nContent-Length: 0\r\n\r\n");
    CAPTURE(bytes);
    imposter_origin origin;
    origin.otherwise(bytes);
    gateway_process gateway{all_to(origin.endpoint())};
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 502);
    CHECK(cause_in(reply) == "response_malformed");
    origin.wait_for_open_connections(0);
}

TEST_CASE("a response head that breaks off becomes 502", "[wire][failure]") {
    imposter_origin origin;
    SECTION("by an orderly end") {
        origin.otherwise([](origin_connection& connection, message const&) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Le").close();
        });
    }
    SECTION("by a reset") {
        origin.otherwise([](origin_connection& connection, message const&) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Le").reset();
        });
    }
    gateway_process gateway{all_to(origin.endpoint())};
    auto const reply = ask(gateway.port(), post_request("/", "x"));
    CHECK(reply.status() == 502);
    auto const cause = cause_in(reply);
    CHECK(
        (cause == "upstream_closed" || cause == "upstream_reset" || cause == "response_truncated"));
}

TEST_CASE("a response body that breaks off breaks off for the client too", "[wire][failure]") {
    auto const head = GENERATE(
        as<std::string>{}, "Content-Length: 10\r\n\r\nhalf", "Content-Length: 1000000\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    auto const resets = GENERATE(false, true);
    CAPTURE(head, resets);
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + head);
        if (resets) {
            connection.reset();
        } else {
            connection.close();
        }
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    // A client must be able to tell that this is not the whole body.
    CHECK_THROWS_AS(client.receive(), connection_lost);
    auto const cause = gateway.wait_for_access_line_of("/").text("cause");
    CHECK(
        (cause == "response_truncated" || cause == "upstream_reset" || cause == "upstream_closed"));
}

TEST_CASE("chunks that go wrong are 502 at first, and later break off", "[wire][failure]") {
    bool const at_first = GENERATE(false, true);
    CAPTURE(at_first);
    gate half_seen;
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        std::string const begin =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
        if (at_first) {
            connection.send(begin + "nonsense\r\n");
        } else {
            connection.send(begin);
            half_seen.wait();
            connection.send("nonsense\r\n");
        }
        connection.closed_by_peer();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    if (at_first) {
        CHECK(client.receive().status() == 502);
    } else {
        auto const head = client.receive_only_head();
        CHECK(head.status() == 200);
        CHECK(client.receive_chunk() == "half");
        half_seen.open();
        CHECK(client.receive_to_end().empty());
    }
    CHECK(gateway.wait_for_access_line_of("/").text("cause") == "response_malformed");
}

TEST_CASE("an upstream that never gets past interim responses is given up", "[wire][failure]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        for (;;) connection.send("HTTP/1.1 102 Processing\r\n\r\n");
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    auto response = client.receive();
    while (response.status() == 102) response = client.receive();
    CHECK(response.status() == 502);
}

TEST_CASE("fields that could split a response do not pass", "[wire][failure]") {
    imposter_origin origin;
    origin.otherwise("HTTP/1.1 200 OK\r\nX-A: one\rX-Injected: two\r\nContent-Length: 0\r\n\r\n");
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/").status() == 502);
}

}  // namespace gateway::support

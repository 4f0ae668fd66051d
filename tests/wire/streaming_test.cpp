// SPDX-License-Identifier: Apache-2.0
// Bytes pass the moment they arrive, in whatever frame they come. Each gate opens only when the
// other end holds what was sent before, so a buffering gateway cannot pass.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {

TEST_CASE("each server-sent event arrives before the next is sent", "[wire][streaming]") {
    gate next;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 20; ++i) {
            next.wait();
            connection.send_chunk("data: " + std::to_string(i) + "\n\n");
        }
        next.wait();
        connection.send_chunk("");
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/events", "Accept: text/event-stream\r\n"));
    auto const head = client.receive_only_head();
    CHECK(head.value("Content-Type") == "text/event-stream");
    for (int i = 0; i < 20; ++i) {
        next.open();
        REQUIRE(client.receive_chunk() == "data: " + std::to_string(i) + "\n\n");
    }
    next.open();
    CHECK(client.receive_chunk().empty());
}

TEST_CASE("a response of known length arrives piece by piece", "[wire][streaming]") {
    // The second length is far above the threshold from which bodies move by splice(2).
    auto const piece = GENERATE(std::size_t{5}, std::size_t{100'000});
    gate next;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(10 * piece) + "\r\n\r\n");
        pattern_source body;
        for (int i = 0; i < 10; ++i) {
            next.wait();
            connection.send(body.take(piece));
        }
        connection.closed_by_peer();
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    client.receive_only_head();
    pattern_check body;
    for (int i = 0; i < 10; ++i) {
        next.open();
        body.take(client.receive_bytes(piece));
    }
    CHECK(body.is(10 * piece));
}

TEST_CASE("a request body arrives piece by piece", "[wire][streaming]") {
    auto const length = GENERATE(std::size_t{5}, std::size_t{100'000});
    gate arrived;
    pattern_check received;
    imposter_origin origin{[&](origin_connection& connection) {
        auto request = *connection.receive_request_head();
        std::size_t in_piece = 0;
        connection.receive_body(request, unframed::is_empty, [&](std::string_view bytes) {
            received.take(bytes);
            for (in_piece += bytes.size(); in_piece >= length; in_piece -= length) arrived.open();
        });
        connection.send(imposter_origin::ok("done"));
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    pattern_source body;
    SECTION("of known length") {
        client.send(
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(5 * length) +
            "\r\n\r\n");
        for (int i = 0; i < 5; ++i) {
            client.send(body.take(length));
            arrived.wait();
        }
    }
    SECTION("in chunks") {
        client.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 5; ++i) {
            client.send_chunk(body.take(length));
            arrived.wait();
        }
        client.send_chunk("");
    }
    CHECK(client.receive().body == "done");
    CHECK(received.is(5 * length));
}

TEST_CASE("both bodies flow at the same time", "[wire][streaming]") {
    imposter_origin origin{[](origin_connection& connection) {
        auto request = *connection.receive_request_head();
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.receive_body(request, unframed::is_empty, [&](std::string_view bytes) {
            connection.send_chunk(bytes);
        });
        connection.send_chunk("");
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.receive_only_head();
    for (int i = 0; i < 20; ++i) {
        auto const word = "word " + std::to_string(i);
        client.send_chunk(word);
        std::string echoed;
        while (echoed.size() < word.size()) echoed += client.receive_chunk();
        REQUIRE(echoed == word);
    }
    client.send_chunk("");
    CHECK(client.receive_chunk().empty());
}

TEST_CASE("trailers pass in both directions", "[wire][streaming]") {
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const& request) {
        auto const count = std::to_string(request.trailers.size());
        connection.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n" + count +
            "\r\n0\r\nX-Checksum: down\r\n\r\n");
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 2; ++i) {
        client.send(
            "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4\r\nbody\r\n0\r\nX-Checksum: up\r\n\r\n");
        auto const response = client.receive();
        CHECK(response.body == "1");
        REQUIRE(response.trailers.size() == 1);
        CHECK(response.trailers[0].name == "X-Checksum");
        CHECK(response.trailers[0].value == "down");
        REQUIRE(origin.last_request().trailers.size() == 1);
        CHECK(origin.last_request().trailers[0].value == "up");
        CHECK(origin.last_request().body == "body");
    }
    CHECK(origin.connections() == 1);
}

TEST_CASE("chunk extensions do not travel on", "[wire][streaming]") {
    imposter_origin origin;
    origin.otherwise(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;name=value\r\nhello\r\n0;last\r\n\r\n");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    client.receive_only_head();
    // RFC 9112 7.1.1: extensions are for the hop that sent them.
    CHECK(client.receive_until("0\r\n\r\n").find(';') == std::string::npos);
}

TEST_CASE("a close-delimited response arrives whole", "[wire][streaming]") {
    std::size_t const size = 300'000;
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        pattern_source body;
        connection.send("HTTP/1.1 200 OK\r\n\r\n" + body.take(size)).close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 2; ++i) {
        pattern_check body;
        client.send(get_request("/"));
        auto const response = client.receive([&](std::string_view bytes) { body.take(bytes); });
        CHECK(body.is(size));
        // An HTTP/1.1 client can be told the end in chunks and keep its connection.
        REQUIRE(response.value("Transfer-Encoding") == "chunked");
    }
}

TEST_CASE("bodies around every buffer's edge arrive unharmed both ways", "[wire][streaming]") {
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const& request) {
        connection.send(imposter_origin::ok(request.body));
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (std::size_t const edge : {1, 4'096, 8'192, 16'384, 32'768, 65'536, 131'072, 1'048'576}) {
        for (std::size_t const size : {edge - 1, edge, edge + 1}) {
            CAPTURE(size);
            pattern_source body;
            client.send(post_request("/", body.take(size)));
            pattern_check echoed;
            auto const response = client.receive([&](std::string_view b) { echoed.take(b); });
            REQUIRE(response.status() == 200);
            REQUIRE(echoed.is(size));
        }
    }
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Upstreams that answer before they have read the request's body: the answer must reach the client
// whole, although the client is still sending.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

constexpr char const* upload_head =
    "POST /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 8000000\r\n\r\n";

// Sends as much as the other side takes; it may close at any time.
void send_while_taken(raw_client& client, std::size_t size) {
    pattern_source body;
    try {
        while (size > 0) {
            auto const bytes = body.next(std::min<std::size_t>(size, 65'536));
            client.transport().write(bytes, 100ms);
            size -= bytes.size();
        }
    } catch (connection_lost const&) {
    } catch (timed_out const&) {}
}

}  // namespace

TEST_CASE("an early answer reaches a client that waits for it", "[wire][early]") {
    imposter_origin origin;
    origin.when_head_of("/upload", [](origin_connection& connection, message const&) {
        connection.send(
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 7\r\n"
            "Connection: close\r\n\r\nsign in");
        connection.half_close();
        connection.closed_by_peer();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(upload_head).send("only the beginning");
    auto const response = client.receive();
    CHECK(response.status() == 401);
    CHECK(response.body == "sign in");
}

TEST_CASE("an early answer reaches a client that is busy sending", "[wire][early]") {
    imposter_origin origin;
    SECTION("from an upstream that leaves the rest unread") {
        origin.when_head_of("/upload", [](origin_connection& connection, message const&) {
            connection.send(
                "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n"
                "Connection: close\r\n\r\nmuch");
            connection.half_close();
            connection.closed_by_peer();
        });
    }
    SECTION("from an upstream that closes at once, as Express does") {
        origin.when_head_of("/upload", [](origin_connection& connection, message const&) {
            connection.receive_bytes(1);
            connection
                .send(
                    "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n"
                    "Connection: close\r\n\r\nmuch")
                .close();
        });
    }
    gateway_process gateway{all_to(origin.endpoint())};
    for (int i = 0; i < 10; ++i) {
        raw_client client{gateway.port()};
        client.send(upload_head);
        send_while_taken(client, 8'000'000);
        auto const response = client.receive();
        REQUIRE(response.status() == 413);
        REQUIRE(response.body == "much");
    }
    CHECK(gateway.wait_for_access_line_of("/upload").number("status") == 413);
}

TEST_CASE("an upstream that answers first and reads on keeps its connection", "[wire][early]") {
    gate answered;
    imposter_origin origin;
    origin.when_head_of("/", [&](origin_connection& connection, message const& head) {
        auto request = head;
        connection.send(imposter_origin::ok("early"));
        connection.receive_body(request, unframed::is_empty);
        answered.open();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf ");
    CHECK(client.receive().body == "early");
    // It may finish what it began or find its connection closed; it must not be answered twice.
    try {
        client.send("rest!");
        client.send(get_request("/after"));
        auto const head = client.receive_head();
        if (head) CHECK(head->status() == 200);
    } catch (connection_lost const&) {}
    CHECK(get(gateway.port(), "/after").status() == 200);
}

}  // namespace gateway::support

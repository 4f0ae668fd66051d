// SPDX-License-Identifier: Apache-2.0
// After 101 the connection is a tunnel: bytes both ways, each direction with its own end.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"
#include "support/switching_origin.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <thread>

namespace gateway::support {
namespace {

void send_pattern(http_stream& to, std::size_t size) {
    pattern_source source;
    for (std::size_t sent = 0; sent < size;) {
        auto const bytes = source.next(size - sent);
        to.send(bytes);
        sent += bytes.size();
    }
    to.half_close();
}

pattern_check received_by(http_stream& from) {
    pattern_check received;
    for (auto said = from.receive_some(); !said.empty(); said = from.receive_some()) {
        received.take(said);
    }
    return received;
}

raw_client upgraded(std::uint16_t port) {
    raw_client client{port};
    client.send(get_request("/chat", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
    auto const response = client.receive_only_head();
    if (response.status() != 101) throw std::runtime_error{response.head};
    return client;
}

}  // namespace

TEST_CASE("200 WebSocket messages of every size come back", "[wire][tunnel]") {
    imposter_origin origin{echo};
    gateway_process gateway{all_to(origin.endpoint())};
    web_socket socket{gateway.port(), "/chat"};
    CHECK(equal_ignoring_case(socket.handshake().value("Upgrade"), "websocket"));
    CHECK(equal_ignoring_case(socket.handshake().value("Connection"), "upgrade"));
    auto const request = origin.last_request();
    CHECK(equal_ignoring_case(request.value("Upgrade"), "websocket"));
    CHECK(equal_ignoring_case(request.value("Connection"), "upgrade"));
    CHECK(request.value("Sec-WebSocket-Key") == "dGhlIHNhbXBsZSBub25jZQ==");
    CHECK(request.value("Sec-WebSocket-Version") == "13");
    pattern_source source;
    for (std::size_t i = 0; i < 200; ++i) {
        auto const payload = source.take(i * i * 2);
        socket.send(web_socket::opcode::binary, payload);
        auto const frame = socket.receive();
        REQUIRE(frame.kind == web_socket::opcode::binary);
        REQUIRE(frame.payload == payload);
    }
}

TEST_CASE("any protocol may be upgraded to", "[wire][tunnel]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: my-own/2\r\n"
            "Connection: Upgrade\r\n\r\nfirst word");
        connection.send(connection.receive_until("\n"));
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/", "Upgrade: my-own/2\r\nConnection: upgrade\r\n"));
    CHECK(client.receive_only_head().value("Upgrade") == "my-own/2");
    // What came in the same packet as the head belongs to the tunnel already.
    CHECK(client.receive_bytes(10) == "first word");
    client.send("\x01\x02 any bytes\n");
    CHECK(client.receive_to_end() == "\x01\x02 any bytes\n");
}

TEST_CASE("a client may speak before it has seen the 101", "[wire][tunnel]") {
    imposter_origin origin{echo};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/", "Upgrade: websocket\r\nConnection: Upgrade\r\n") + "impatient");
    CHECK(client.receive_only_head().status() == 101);
    CHECK(client.receive_bytes(9) == "impatient");
}

TEST_CASE("each direction of a tunnel ends by itself", "[wire][tunnel]") {
    SECTION("the client's first") {
        imposter_origin origin{[](origin_connection& connection) {
            connection.receive_request();
            connection.send(switching);
            auto const all = connection.receive_to_end();
            connection.send("you said " + all);
        }};
        gateway_process gateway{all_to(origin.endpoint())};
        auto client = upgraded(gateway.port());
        client.send("my last words").half_close();
        CHECK(client.receive_to_end() == "you said my last words");
    }
    SECTION("the upstream's first") {
        gate heard;
        std::string said;
        imposter_origin origin{[&](origin_connection& connection) {
            connection.receive_request();
            connection.send(switching).send("goodbye").half_close();
            said = connection.receive_to_end();
            heard.open();
        }};
        gateway_process gateway{all_to(origin.endpoint())};
        auto client = upgraded(gateway.port());
        CHECK(client.receive_to_end() == "goodbye");
        client.send("I still speak").close();
        heard.wait();
        CHECK(said == "I still speak");
    }
}

TEST_CASE("a reset on one side of a tunnel ends the other", "[wire][tunnel]") {
    gate ended;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(switching).send("hello");
        if (connection.index() == 0) {
            connection.receive_bytes(1);
            return connection.reset();
        }
        if (connection.closed_by_peer()) ended.open();
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    auto first = upgraded(gateway.port());
    CHECK(first.receive_bytes(5) == "hello");
    first.send("x");
    CHECK(first.closed_by_peer());
    auto second = upgraded(gateway.port());
    CHECK(second.receive_bytes(5) == "hello");
    second.reset();
    ended.wait();
}

TEST_CASE("a refused upgrade is an ordinary response", "[wire][tunnel]") {
    imposter_origin origin;
    origin.otherwise(
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: other\r\nContent-Length: 2\r\n"
        "\r\nno");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 3; ++i) {
        client.send(get_request("/", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
        auto const response = client.receive();
        CHECK(response.status() == 426);
        CHECK(response.body == "no");
    }
}

TEST_CASE("a 101 nobody asked for is a broken response", "[wire][tunnel]") {
    imposter_origin origin;
    origin.otherwise(switching);
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/").status() == 502);
}

TEST_CASE("a tunnel carries much in both directions at once", "[wire][tunnel]") {
    std::size_t const size = sanitized ? 4'000'000 : 64'000'000;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(switching);
        std::thread writer{[&] { send_pattern(connection, size); }};
        pattern_check received = received_by(connection);
        writer.join();
        if (!received.is(size)) throw std::runtime_error{"the origin received other bytes"};
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    auto client = upgraded(gateway.port());
    std::thread writer{[&] { send_pattern(client, size); }};
    pattern_check const received = received_by(client);
    writer.join();
    CHECK(received.is(size));
    origin.wait_for_open_connections(0);
    CHECK(gateway.wait_for_access_line_of("/chat").number("status") == 101);
}

}  // namespace gateway::support

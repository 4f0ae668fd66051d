// SPDX-License-Identifier: Apache-2.0
// Quiet event streams and WebSockets get signs of life where the protocol has room for one.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"
#include "support/switching_origin.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

namespace gateway::support {
namespace {

using Catch::Contains;

constexpr char const* events_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
std::string const comment{":\n\n"};

// Beats that /clock has got prove that as much time has passed for all others.
constexpr int long_enough = 4;

configuration beating(imposter_origin const& origin, std::string const& more = {}) {
    configuration settings;
    settings.upstream("app", {origin.endpoint()});
    settings.route("prefix: /, upstream: app, heartbeat: 100ms" + more);
    return settings;
}

void hold(origin_connection& connection) {
    connection.closed_by_peer();
    connection.close();
}

// A quiet event stream of its own.
class beat_clock {
public:
    static void serve(imposter_origin& origin) {
        origin.when("/clock", [](origin_connection& connection, message const&) {
            connection.send(events_head);
            hold(connection);
        });
    }
    explicit beat_clock(std::uint16_t port) : client_{port} {
        client_.send(get_request("/clock"));
        client_.receive_only_head();
    }
    void wait() {
        for (int i = 0; i < long_enough; ++i) CHECK(client_.receive_chunk() == comment);
    }

private:
    raw_client client_;
};

std::string chunk(std::string const& payload) {
    return std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
}

}  // namespace

TEST_CASE("a quiet event stream gets comments between its events", "[wire][heartbeat]") {
    gate more;
    imposter_origin origin;
    origin.when("/events", [&](origin_connection& connection, message const&) {
        connection.send(events_head);
        more.wait();
        connection.send(chunk("data: 1\n"));
        connection.send(chunk("\n"));
        more.wait();
        connection.send(chunk("data:2\n\n") + "0\r\n\r\n");
    });
    gateway_process gateway{beating(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/events"));
    CHECK(client.receive_only_head().value("Transfer-Encoding") == "chunked");
    for (int i = 0; i < 2; ++i) CHECK(client.receive_chunk() == comment);
    more.open();
    std::string all;
    int comments = 2;
    while (comments < 5) {
        auto const piece = client.receive_chunk();
        if (piece == comment) {
            ++comments;
            CHECK((all.empty() || all == "data: 1\n\n"));
        } else {
            all += piece;
        }
    }
    more.open();
    for (std::string piece; !(piece = client.receive_chunk()).empty();) {
        if (piece != comment) all += piece;
    }
    CHECK(all == "data: 1\n\ndata:2\n\n");
    CHECK(
        gateway.metrics().sum("gateway_heartbeats_total", {{"kind", "event_stream"}}) >= comments);
    // The connection is as good as before.
    client.receive_until("\r\n");
    client.send(get_request("/"));
    CHECK(client.receive().body == "hello");
}

TEST_CASE("no comment stands in an event", "[wire][heartbeat]") {
    gate rest;
    imposter_origin origin;
    beat_clock::serve(origin);
    origin.when("/events", [&](origin_connection& connection, message const&) {
        connection.send(events_head + chunk("data: 1\n"));
        rest.wait();
        connection.send(chunk("data:2\n\n"));
        hold(connection);
    });
    gateway_process gateway{beating(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/events"));
    client.receive_only_head();
    CHECK(client.receive_chunk() == "data: 1\n");
    beat_clock{gateway.port()}.wait();
    rest.open();
    CHECK(client.receive_chunk() == "data:2\n\n");
    CHECK(client.receive_chunk() == comment);
}

TEST_CASE("what has no room for a comment gets none", "[wire][heartbeat]") {
    auto const [what, head, first, rest] =
        GENERATE(table<char const*, std::string, std::string, std::string>({
            {"its length is known", "Content-Type: text/event-stream\r\nContent-Length: 10\r\n",
             "data:", "\nabc\n"},
            {"it is encoded",
             "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\nTransfer-Encoding: "
             "chunked\r\n",
             "5\r\nabcd\n\r\n", "5\r\nefgh\n\r\n0\r\n\r\n"},
            {"it is something else",
             "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n",
             "5\r\n{}\n\n\n\r\n", "5\r\n{}\n\n\n\r\n0\r\n\r\n"},
        }));
    CAPTURE(what);
    gate more;
    imposter_origin origin;
    beat_clock::serve(origin);
    origin.when(
        "/quiet", [&, head = head, first = first, rest = rest](
                      origin_connection& connection, message const&) {
            connection.send("HTTP/1.1 200 OK\r\n" + head + "\r\n" + first);
            more.wait();
            connection.send(rest);
        });
    gateway_process gateway{beating(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/quiet"));
    client.receive_only_head();
    CHECK(client.receive_bytes(first.size()) == first);
    beat_clock{gateway.port()}.wait();
    more.open();
    CHECK(client.receive_bytes(rest.size()) == rest);
}

TEST_CASE("a route without heartbeats sends none", "[wire][heartbeat]") {
    gate more;
    imposter_origin origin;
    beat_clock::serve(origin);
    origin.when("/quiet", [&](origin_connection& connection, message const&) {
        connection.send(events_head);
        more.wait();
        connection.send("0\r\n\r\n");
    });
    gateway_process gateway{beating(origin).route("path: /quiet, upstream: app")};
    raw_client client{gateway.port()};
    client.send(get_request("/quiet"));
    client.receive_only_head();
    beat_clock{gateway.port()}.wait();
    more.open();
    CHECK(client.receive_chunk().empty());
}

TEST_CASE("an old client's event stream gets plain comments", "[wire][heartbeat]") {
    imposter_origin origin;
    beat_clock::serve(origin);
    gateway_process gateway{beating(origin)};
    raw_client client{gateway.port()};
    client.send("GET /clock HTTP/1.0\r\nHost: a\r\n\r\n");
    client.receive_only_head();
    CHECK(client.receive_bytes(9) == comment + comment + comment);
}

TEST_CASE("comments do not prolong the upstream's silence", "[wire][heartbeat]") {
    imposter_origin origin;
    beat_clock::serve(origin);
    gateway_process gateway{beating(origin, ", timeouts: { response_body: 700ms }")};
    raw_client client{gateway.port()};
    client.send(get_request("/clock"));
    client.receive_only_head();
    CHECK(client.receive_chunk() == comment);
    client.receive_to_end();
    CHECK(gateway.wait_for_access_line_of("/clock").text("cause") == "response_body_timeout");
}

TEST_CASE("a client that has gone ends its quiet event stream", "[wire][heartbeat]") {
    imposter_origin origin;
    beat_clock::serve(origin);
    gateway_process gateway{beating(origin)};
    std::optional<raw_client> client{gateway.port()};
    client->send(get_request("/clock"));
    client->receive_only_head();
    CHECK(client->receive_chunk() == comment);
    client.reset();
    CHECK(gateway.wait_for_access_line_of("/clock").text("cause") == "client_closed");
}

TEST_CASE("a quiet WebSocket gets pings, and its pongs arrive", "[wire][heartbeat]") {
    gate pongs;
    std::string came;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(switching);
        came = connection.receive_bytes(12);
        pongs.open();
        connection.send("\x82\x01x");
        connection.receive_to_end();
    }};
    gateway_process gateway{beating(origin)};
    web_socket socket{gateway.port(), "/chat"};
    for (int i = 0; i < 2; ++i) {
        auto const frame = socket.receive();
        CHECK(frame.kind == web_socket::opcode::ping);
        CHECK(frame.payload.empty());
        socket.send(web_socket::opcode::pong, frame.payload);
    }
    pongs.wait();
    // A pong each, masked, of no length.
    CHECK(came.substr(0, 2) == "\x8a\x80");
    CHECK(came.substr(6, 2) == "\x8a\x80");
    auto frame = socket.receive();
    while (frame.kind == web_socket::opcode::ping) frame = socket.receive();
    CHECK(frame.payload == "x");
    CHECK(gateway.metrics().sum("gateway_heartbeats_total", {{"kind", "web_socket"}}) >= 2);
}

TEST_CASE("no ping stands in a frame", "[wire][heartbeat]") {
    gate rest;
    imposter_origin origin;
    beat_clock::serve(origin);
    origin.when("/chat", [&](origin_connection& connection, message const&) {
        connection.send(switching).send(
            "\x82\x06"
            "abc");
        rest.wait();
        connection.send("def");
        connection.receive_to_end();
        connection.close();
    });
    gateway_process gateway{beating(origin)};
    web_socket socket{gateway.port(), "/chat"};
    CHECK(
        socket.transport().receive_bytes(5) ==
        "\x82\x06"
        "abc");
    beat_clock{gateway.port()}.wait();
    rest.open();
    CHECK(socket.transport().receive_bytes(3) == "def");
    CHECK(socket.receive().kind == web_socket::opcode::ping);
}

TEST_CASE("what is no WebSocket, or closes, gets no ping", "[wire][heartbeat]") {
    auto const [upgrade, bytes] = GENERATE(table<std::string, std::string>(
        {{"other", ""}, {"websocket", "no frame"}, {"websocket", "\x88\x02\x03\xe8"}}));
    CAPTURE(upgrade, bytes);
    gate rest;
    imposter_origin origin;
    beat_clock::serve(origin);
    origin.when(
        "/chat",
        [&, upgrade = upgrade, bytes = bytes](origin_connection& connection, message const&) {
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + upgrade +
                "\r\nConnection: Upgrade\r\n\r\n" + bytes);
            rest.wait();
            connection.send("end");
            connection.receive_to_end();
            connection.close();
        });
    gateway_process gateway{beating(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/chat", "Upgrade: " + upgrade + "\r\nConnection: Upgrade\r\n"));
    CHECK(client.receive_only_head().status() == 101);
    CHECK(client.receive_bytes(bytes.size()) == bytes);
    beat_clock{gateway.port()}.wait();
    rest.open();
    CHECK(client.receive_bytes(3) == "end");
}

TEST_CASE("a WebSocket that nobody answers is idle in spite of pings", "[wire][heartbeat]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(switching);
        connection.receive_to_end();
    }};
    gateway_process gateway{beating(origin).timeouts("tunnel_idle: 1s")};
    web_socket socket{gateway.port(), "/chat"};
    CHECK(socket.receive().kind == web_socket::opcode::ping);
    socket.transport().receive_to_end();
    CHECK(gateway.wait_for_access_line_of("/chat").text("cause") == "tunnel_timeout");
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// `gateway demo`: everything the page shows, asked as the page asks it.
#include "support/gateway_process.hpp"
#include "support/raw_client.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {

TEST_CASE("the demo serves its page, its assets and its application's routes", "[wire][demo]") {
    auto const gateway = gateway_process::demo();
    auto const page = get(gateway.port(), "/");
    CHECK(page.status() == 200);
    CHECK(page.value("Content-Type").starts_with("text/html"));
    auto const script = get(gateway.port(), "/assets/app.js");
    CHECK(script.status() == 200);
    CHECK(get(gateway.port(), "/assets/none.js").status() == 404);
    CHECK(get(gateway.port(), "/shop/42").body == page.body);
    auto const unchanged =
        get(gateway.port(), "/assets/app.js", "If-None-Match: " + script.value("ETag") + "\r\n");
    CHECK(unchanged.status() == 304);
}

TEST_CASE("the demo's API answers", "[wire][demo]") {
    auto const gateway = gateway_process::demo();
    CHECK(get(gateway.port(), "/api/health").body.find("\"ok\"") != std::string::npos);
    CHECK(get(gateway.port(), "/api/products").value("Content-Type") == "application/json");
    CHECK(get(gateway.port(), "/api/slow?ms=5").status() == 200);
    for (int const status : {200, 204, 301, 304, 404, 418, 500, 503}) {
        CAPTURE(status);
        CHECK(get(gateway.port(), "/api/status/" + std::to_string(status)).status() == status);
    }
    auto const echo = ask(gateway.port(), post_request("/api/echo", "what I said"));
    CHECK(echo.body.find("what I said") != std::string::npos);
}

TEST_CASE("the demo's events come one by one", "[wire][demo]") {
    auto const gateway = gateway_process::demo();
    raw_client client{gateway.port()};
    client.send(get_request("/api/events", "Accept: text/event-stream\r\n"));
    CHECK(client.receive_only_head().value("Content-Type").starts_with("text/event-stream"));
    CHECK(client.receive_chunk().find("data:") != std::string::npos);
    CHECK(client.receive_chunk().find("data:") != std::string::npos);
}

TEST_CASE("the demo's WebSocket echoes", "[wire][demo]") {
    auto const gateway = gateway_process::demo();
    web_socket socket{gateway.port(), "/api/ws"};
    // The answer to the nonce of RFC 6455 1.3.
    CHECK(socket.handshake().value("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (int i = 0; i < 20; ++i) {
        auto const word = "message " + std::to_string(i);
        socket.send(web_socket::opcode::text, word);
        CHECK(socket.receive().payload == word);
    }
    socket.send(web_socket::opcode::ping, "are you there");
    auto const pong = socket.receive();
    CHECK(pong.kind == web_socket::opcode::pong);
    CHECK(pong.payload == "are you there");
    socket.send(web_socket::opcode::close, std::string{"\x03\xe8", 2});
    CHECK(socket.receive().kind == web_socket::opcode::close);
    CHECK(socket.transport().closed_by_peer());
}

TEST_CASE("the demo stores an upload and serves it", "[wire][demo]") {
    auto const gateway = gateway_process::demo();
    raw_client client{gateway.port()};
    client.send("PUT /uploads/note.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello");
    auto const stored = client.receive();
    CHECK(stored.status() / 100 == 2);
    client.send(get_request("/uploads/note.txt"));
    CHECK(client.receive().body == "hello");
}

TEST_CASE("the demo drains on a signal", "[wire][demo]") {
    auto gateway = gateway_process::demo();
    CHECK(get(gateway.port(), "/").status() == 200);
    gateway.signal(2);
    CHECK(gateway.wait_exit() == 0);
}

}  // namespace gateway::support

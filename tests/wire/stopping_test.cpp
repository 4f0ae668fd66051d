// SPDX-License-Identifier: Apache-2.0
// SIGTERM behind a load balancer: it notices before anybody is turned away, and what is open ends
// as its protocol wants.
#include "support/busy_clients.hpp"
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"
#include "support/switching_origin.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <signal.h>

#include <atomic>
#include <thread>

namespace gateway::support {
namespace {

using Catch::Contains;

bool is_ready(gateway_process const& gateway) {
    return get(gateway.admin_port(), "/readyz", "Connection: close\r\n").status() == 200;
}

}  // namespace

TEST_CASE("a lame duck is not ready, serves who comes and says goodbye", "[wire][stopping]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).timeouts("lame_duck: 3s")};
    raw_client kept{gateway.port()};
    kept.send(get_request("/"));
    CHECK_FALSE(kept.receive().has("Connection"));
    raw_client idle{gateway.port()};
    idle.send(get_request("/"));
    CHECK(idle.receive().status() == 200);
    CHECK(is_ready(gateway));
    // A request ends after its client has the response, and these two are not of the drain.
    gateway.wait_for_metric_at_least("http_requests_total", 2);
    auto const begin = steady::now();
    gateway.signal(SIGTERM);
    gateway.wait_for_log("SIGTERM: draining 2 connections, at most 25 s; new ones are served");

    CHECK_FALSE(is_ready(gateway));
    kept.send(get_request("/"));
    CHECK(kept.receive().value("Connection") == "close");
    CHECK(kept.closed_by_peer());
    raw_client late{gateway.port()};
    late.send(get_request("/"));
    auto const served = late.receive();
    CHECK(served.status() == 200);
    CHECK(served.value("Connection") == "close");

    // A connection without a request is closed at the end only: its next one may be on its way.
    CHECK(idle.closed_by_peer());
    CHECK(steady::now() - begin >= 3s);
    CHECK(gateway.wait_exit() == 0);
    CHECK_THAT(gateway.log(), Contains("2 requests finished") && Contains("0 connections cut"));
}

TEST_CASE("Ctrl-C waits for no load balancer", "[wire][stopping]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).timeouts("lame_duck: 20s")};
    auto const begin = steady::now();
    gateway.signal(SIGINT);
    CHECK(gateway.wait_exit() == 0);
    CHECK(steady::now() - begin < patience(10s));
}

TEST_CASE("a WebSocket is told that the gateway goes away", "[wire][stopping]") {
    gate heard;
    std::string said;
    std::atomic<bool> client_answers{false};
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(switching);
        said = connection.receive_bytes(8);
        // Without a client to answer nobody waits for the upstream's: it would meet a reset.
        if (client_answers) connection.send("\x88\x02\x03\xe9").half_close();
        said += connection.receive_to_end();
        heard.open();
    }};
    gateway_process gateway{all_to(origin.endpoint()).timeouts("drain: 1h")};
    web_socket socket{gateway.port(), "/chat"};
    gateway.signal(SIGTERM);
    auto const last = socket.receive();
    CHECK(last.kind == web_socket::opcode::close);
    CHECK(last.payload == going_away);
    SECTION("and its answer reaches the upstream") {
        client_answers = true;
        socket.send(web_socket::opcode::close, last.payload);
        CHECK(socket.transport().closed_by_peer());
        CHECK(gateway.wait_exit() == 0);
        CHECK_THAT(gateway.log(), Contains(" 1 WebSockets closed (0 more gave no answer)"));
    }
    SECTION("and the upstream too when there is no answer") {
        CHECK(socket.transport().closed_by_peer());
        CHECK(gateway.wait_exit() == 0);
        CHECK_THAT(gateway.log(), Contains(" 0 WebSockets closed (1 more gave no answer)"));
    }
    heard.wait();
    REQUIRE(said.size() == 8);
    CHECK(said.substr(0, 2) == "\x88\x82");
    CHECK((said[2] ^ said[6]) == '\x03');
    CHECK((said[3] ^ said[7]) == '\xe9');
    CHECK(gateway.wait_for_access_line_of("/chat").text("cause") == "draining");
}

TEST_CASE("a close frame stands between frames, never in one", "[wire][stopping]") {
    gate signalled;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(switching).send(
            "\x82\x06"
            "abc");
        signalled.wait();
        connection.send(
            "def"
            "\x82\x01"
            "g");
        connection.receive_to_end();
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    web_socket socket{gateway.port(), "/chat"};
    CHECK(
        socket.transport().receive_bytes(5) ==
        "\x82\x06"
        "abc");
    gateway.signal(SIGTERM);
    gateway.wait_for_log("draining 1 connections");
    signalled.open();
    CHECK(socket.transport().receive_bytes(3) == "def");
    auto frame = socket.receive();
    // Whether "g" was read before or after the drain began is the machine's choice.
    if (frame.kind == web_socket::opcode::binary) frame = socket.receive();
    CHECK(frame.kind == web_socket::opcode::close);
    socket.send(web_socket::opcode::close, frame.payload);
    socket.transport().half_close();
    CHECK(socket.transport().receive_to_end().empty());
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("what only calls itself a WebSocket gets no frame", "[wire][stopping]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(switching).send("no frame");
        connection.receive_to_end();
    }};
    gateway_process gateway{all_to(origin.endpoint()).timeouts("drain: 500ms")};
    web_socket socket{gateway.port(), "/chat"};
    CHECK(socket.transport().receive_bytes(8) == "no frame");
    gateway.signal(SIGTERM);
    CHECK(socket.transport().receive_to_end().empty());
    CHECK(gateway.wait_exit() == 0);
    CHECK_THAT(gateway.log(), Contains("1 other tunnels closed, 0 connections cut"));
}

TEST_CASE("SIGTERM under load loses no request, upload or WebSocket", "[wire][stopping]") {
    imposter_origin origin;
    busy_clients::serve(origin);
    gateway_process gateway{
        all_to(origin.endpoint()).runtime("threads: 2").timeouts("lame_duck: 5s, drain: 25s")};
    busy_clients clients{gateway.port()};
    clients.keep_alive(8);
    clients.uploads(4);
    clients.chats(20);
    clients.wait_for_more(2'000);
    gateway.signal(SIGTERM);
    while (is_ready(gateway)) std::this_thread::yield();
    // The balancer still sends new connections for a little: to a gateway that is leaving already.
    clients.wait_for_more(50);
    clients.stop();
    CHECK(gateway.wait_exit(patience(30s)) == 0);
    CHECK(clients.goodbyes() == 20);
    CHECK(clients.uploaded() >= 4);
    CHECK_THAT(
        gateway.log(),
        Contains(" 20 WebSockets closed (0 more gave no answer), 0 other tunnels closed, 0 "
                 "connections cut"));
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Every wait has an end, the right status when there is still someone to tell, and its own cause.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <thread>

namespace gateway::support {
namespace {

std::string cause_in(message const& reply) { return json_object{reply.body}.text("cause"); }

std::string logged_cause(gateway_process const& gateway, std::string const& path) {
    auto const line = gateway.wait_for_access_line_of(path);
    return line.has("cause") ? line.text("cause") : "none";
}

void write_until_stuck(http_stream& to) {
    pattern_source source;
    try {
        for (int i = 0; i < 16'000; ++i) to.transport().write(source.next(16 << 10), 500ms);
    } catch (timed_out const&) {
    } catch (connection_lost const&) {}
}

}  // namespace

TEST_CASE("a request header that does not arrive in time gets 408", "[wire][timeouts]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).timeouts("request_head: 200ms")};
    raw_client client{gateway.port()};
    SECTION("on a new connection") { client.send("GET / HTTP/1.1\r\nHos"); }
    SECTION("after an exchange") {
        client.send(get_request("/"));
        CHECK(client.receive().status() == 200);
        client.send("GET /");
    }
    auto const reply = client.receive();
    CHECK(reply.status() == 408);
    CHECK(cause_in(reply) == "request_head_timeout");
    CHECK(reply.value("Connection") == "close");
    CHECK(client.closed_by_peer());
}

TEST_CASE("a header that keeps trickling in gets no more time", "[wire][timeouts]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).timeouts("request_head: 300ms")};
    raw_client client{gateway.port()};
    client.send("GET / HTTP/1.1\r\n");
    std::string received;
    auto const begin = steady::now();
    char byte = 0;
    while (steady::now() < begin + patience(5s)) {
        try {
            client.send("X: y\r\n");
            if (client.transport().read_some(&byte, 1, 20ms) == 1) break;
        } catch (timed_out const&) {
        } catch (connection_lost const&) {
            break;
        }
    }
    CHECK(steady::now() - begin < patience(3s));
}

TEST_CASE("an idle client connection is closed without a word", "[wire][timeouts]") {
    imposter_origin origin;
    gateway_process gateway{
        all_to(origin.endpoint()).timeouts("keep_alive: 200ms, request_head: 300ms")};
    raw_client client{gateway.port()};
    SECTION("after an exchange") {
        client.send(get_request("/"));
        CHECK(client.receive().status() == 200);
    }
    SECTION("that never asked anything") {}
    CHECK(client.closed_by_peer());
}

TEST_CASE("a request body that stops gets 408", "[wire][timeouts]") {
    imposter_origin origin;
    auto const per_route = GENERATE(false, true);
    auto settings = configuration{}.upstream("app", {origin.endpoint()});
    if (per_route) {
        settings.route("prefix: /, upstream: app, timeouts: { request_body: 200ms }");
    } else {
        settings.route("prefix: /, upstream: app").timeouts("request_body: 200ms");
    }
    gateway_process gateway{settings};
    raw_client client{gateway.port()};
    SECTION("of known length") {
        client.send("POST /up HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf");
    }
    SECTION("in chunks") {
        client.send("POST /up HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal");
    }
    SECTION("far above the splice threshold") {
        client.send("POST /up HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\nhalf");
    }
    auto const reply = client.receive();
    CHECK(reply.status() == 408);
    CHECK(cause_in(reply) == "request_body_timeout");
    CHECK(client.closed_by_peer());
    // The upstream must not take what came for a whole request.
    origin.wait_for_open_connections(0);
    CHECK(logged_cause(gateway, "/up") == "request_body_timeout");
}

TEST_CASE("a body that keeps trickling in is waited for", "[wire][timeouts]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).timeouts("request_body: 300ms")};
    raw_client client{gateway.port()};
    client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
        // Pace is the subject here: 700 ms in all, each gap well below the limit.
        std::this_thread::sleep_for(70ms);
        client.send("x");
    }
    CHECK(client.receive().status() == 200);
}

TEST_CASE("an upstream that does not answer gets a 504 told", "[wire][timeouts]") {
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const&) {
        connection.closed_by_peer();
        connection.close();
    });
    auto const per_route = GENERATE(false, true);
    auto settings = configuration{}.upstream("app", {origin.endpoint()});
    if (per_route) {
        settings.route("prefix: /, upstream: app, timeouts: { response_head: 200ms }");
    } else {
        settings.route("prefix: /, upstream: app").timeouts("response_head: 200ms");
    }
    gateway_process gateway{settings};
    raw_client client{gateway.port()};
    for (int i = 0; i < 2; ++i) {
        client.send(i == 0 ? get_request("/") : post_request("/", "body"));
        auto const reply = client.receive();
        CHECK(reply.status() == 504);
        CHECK(cause_in(reply) == "response_head_timeout");
    }
    // Not sent again: it did reach the upstream. The upstream is rid of it at once.
    origin.wait_for_open_connections(0);
    CHECK(origin.requests().size() == 2);
}

TEST_CASE("a response body that stops ends the connection", "[wire][timeouts]") {
    imposter_origin origin;
    auto const head = GENERATE(
        as<std::string>{}, "Content-Length: 10\r\n\r\nhalf", "Content-Length: 1000000\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhal", "\r\nhalf");
    origin.otherwise([&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + head);
        connection.closed_by_peer();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint()).timeouts("response_body: 200ms")};
    raw_client client{gateway.port()};
    client.send(get_request("/stops"));
    CHECK(client.receive_only_head().status() == 200);
    // It may end in any way but one that looks complete.
    std::string rest;
    try {
        rest = client.receive_to_end();
    } catch (connection_lost const&) {}
    CHECK(rest.find("0\r\n\r\n") == std::string::npos);
    origin.wait_for_open_connections(0);
    CHECK(logged_cause(gateway, "/stops") == "response_body_timeout");
}

TEST_CASE("an endpoint that does not accept gets a 504 told", "[wire][timeouts]") {
    listening_socket full{0};
    auto const filler = stream::connect(full.port());
    gateway_process gateway{
        all_to("127.0.0.1:" + std::to_string(full.port())).timeouts("connect: 200ms")};
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 504);
    CHECK(cause_in(reply) == "connect_timeout");
}

TEST_CASE("a client that stops reading is given up", "[wire][timeouts]") {
    imposter_origin origin;
    origin.when("/large", [](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        write_until_stuck(connection);
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint()).timeouts("write: 200ms")};
    raw_client client{gateway.port()};
    client.transport().receive_buffer(16 << 10);
    client.send(get_request("/large"));
    auto const line = gateway.wait_for_access_line_of("/large");
    CHECK(line.number("status") == 499);
    CHECK(line.text("cause") == "client_stalled");
    origin.wait_for_open_connections(0);
}

TEST_CASE("an upstream that stops reading is given up with 504", "[wire][timeouts]") {
    gate done;
    imposter_origin origin;
    origin.when_head_of("/up", [&](origin_connection& connection, message const&) {
        done.wait();
        connection.close();
    });
    gateway_process gateway{
        all_to(origin.endpoint()).timeouts("write: 200ms").limits("body: 2GiB")};
    raw_client client{gateway.port()};
    client.send("PUT /up HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000000\r\n\r\n");
    write_until_stuck(client);
    auto const reply = client.receive();
    CHECK(reply.status() == 504);
    CHECK(cause_in(reply) == "upstream_stalled");
    done.open();
}

TEST_CASE("an idle tunnel is closed on both sides", "[wire][timeouts]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
            "Connection: upgrade\r\n\r\n");
        connection.closed_by_peer();
    }};
    gateway_process gateway{all_to(origin.endpoint()).timeouts("tunnel_idle: 1s")};
    raw_client client{gateway.port()};
    client.send(get_request("/idle", "Upgrade: x\r\nConnection: upgrade\r\n"));
    CHECK(client.receive_only_head().status() == 101);
    CHECK(client.closed_by_peer());
    origin.wait_for_open_connections(0);
    CHECK(logged_cause(gateway, "/idle") == "tunnel_timeout");
}

TEST_CASE("an idle upstream connection is closed in its time", "[wire][timeouts]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).timeouts("upstream_idle: 200ms")};
    CHECK(get(gateway.port(), "/").status() == 200);
    origin.wait_for_open_connections(0);
    CHECK(get(gateway.port(), "/").status() == 200);
    CHECK(origin.connections() == 2);
}

}  // namespace gateway::support

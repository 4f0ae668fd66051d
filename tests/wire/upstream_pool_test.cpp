// SPDX-License-Identifier: Apache-2.0
// A pooled connection may die at any moment; whose fault that is, the client never finds out.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

int const rounds = sanitized ? 100 : 400;

std::string request_number(int i) { return i % 2 == 0 ? get_request("/") : post_request("/", "x"); }

}  // namespace

TEST_CASE("an upstream that closes after every answer costs no client anything", "[wire][pool]") {
    imposter_origin origin;
    SECTION("by an orderly end") {
        origin.otherwise([](origin_connection& connection, message const&) {
            connection.send(imposter_origin::ok("hello")).close();
        });
    }
    SECTION("by a reset") {
        origin.otherwise([](origin_connection& connection, message const&) {
            connection.send(imposter_origin::ok("hello")).reset();
        });
    }
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < rounds; ++i) {
        CAPTURE(i);
        // A GET may cross the close. A POST that an open socket has acknowledged may not be sent
        // again, so it comes when the close has happened, known to the gateway or not.
        if (i % 2 != 0) origin.wait_for_open_connections(0);
        client.send(request_number(i));
        auto const response = client.receive();
        REQUIRE(response.status() == 200);
        REQUIRE(response.body == "hello");
    }
    CHECK(origin.requests().size() == static_cast<std::size_t>(rounds));
}

TEST_CASE("a close that crosses the next request costs no client anything", "[wire][pool]") {
    // The second request of each connection arrives, and the connection ends without a word: as
    // when an idle timeout fired just then. No GET may be answered with an error for that.
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(imposter_origin::ok("hello"));
        char byte = 0;
        if (connection.transport().read_some(&byte, 1, patience(60s)) == 0) return;
        if (connection.index() % 2 == 0) connection.reset();
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < rounds; ++i) {
        CAPTURE(i);
        client.send(get_request("/"));
        REQUIRE(client.receive().status() == 200);
    }
}

TEST_CASE("a closed idle connection is noticed at once", "[wire][pool]") {
    gate end;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request();
        connection.send(imposter_origin::ok("hello"));
        end.wait();
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/").status() == 200);
    auto const before = gateway.open_descriptors();
    end.open();
    origin.wait_for_open_connections(0);
    auto const until = steady::now() + patience();
    while (gateway.open_descriptors() >= before && steady::now() < until) {}
    CHECK(gateway.open_descriptors() < before);
}

TEST_CASE("a request the upstream may have acted on is not sent twice", "[wire][pool]") {
    imposter_origin origin;
    origin.when("/act", [](origin_connection& connection, message const&) { connection.close(); });
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/").status() == 200);
    auto const reply = ask(gateway.port(), post_request("/act", "pay 5"));
    CHECK(reply.status() == 502);
    std::size_t acted = 0;
    for (auto const& request : origin.requests()) acted += request.target() == "/act" ? 1 : 0;
    CHECK(acted == 1);
}

TEST_CASE("a request whose body is partly gone is not sent again", "[wire][pool]") {
    // PUT is idempotent and the connection is a pooled one: but for its body it could go again.
    auto const framing = GENERATE(
        as<std::string>{}, "Content-Length: 8000000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n7a1200\r\n");
    std::size_t const half = 4'000'000;
    gate arrived;
    imposter_origin origin;
    origin.when_head_of("/put", [&](origin_connection& connection, message const& head) {
        connection.receive_until(head.has("Content-Length") ? "" : "\r\n");
        connection.receive_bytes(half);
        arrived.open();
        connection.reset();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/").status() == 200);
    raw_client client{gateway.port()};
    client.send("PUT /put HTTP/1.1\r\nHost: t\r\n" + framing + std::string(half + 100'000, 'x'));
    arrived.wait();
    CHECK(client.receive().status() == 502);
    CHECK(origin.requests().size() == 2);
}

TEST_CASE("an upstream that never answers on fresh connections gets 502 told", "[wire][pool]") {
    imposter_origin origin{[](origin_connection& connection) { connection.receive_request(); }};
    gateway_process gateway{all_to(origin.endpoint())};
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 502);
    CHECK(json_object{reply.body}.text("cause") == "upstream_closed");
    CHECK(origin.connections() <= 2);
}

TEST_CASE("a refused connection is tried at the next endpoint", "[wire][pool]") {
    imposter_origin origin;
    std::uint16_t nobody = 0;
    {
        listening_socket closed_again;
        nobody = closed_again.port();
    }
    gateway_process gateway{
        configuration{}
            .upstream("app", {"127.0.0.1:" + std::to_string(nobody), origin.endpoint()})
            .route("prefix: /, upstream: app")};
    for (int i = 0; i < 10; ++i) {
        REQUIRE(ask(gateway.port(), request_number(i)).status() == 200);
    }
    CHECK(origin.requests().size() == 10);
}

TEST_CASE("bytes nobody asked for spoil an upstream connection", "[wire][pool]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(imposter_origin::ok("hello") + imposter_origin::ok("forged"));
        connection.closed_by_peer();
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (int i = 0; i < 5; ++i) {
        client.send(get_request("/"));
        REQUIRE(client.receive().body == "hello");
    }
    CHECK(origin.connections() == 5);
}

TEST_CASE("no more idle connections are kept than allowed", "[wire][pool]") {
    gate all_there;
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        all_there.wait();
        connection.send(imposter_origin::ok("hello"));
    });
    gateway_process gateway{all_to(origin.endpoint()).limits("upstream_idle_connections: 3")};
    std::vector<raw_client> clients;
    for (int i = 0; i < 10; ++i) clients.emplace_back(gateway.port()).send(get_request("/"));
    origin.wait_for_requests(10);
    all_there.open(10);
    for (auto& client : clients) CHECK(client.receive().status() == 200);
    origin.wait_for_open_connections(3);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// A client that goes away stops the upstream's work at once, whatever the exchange was doing.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

enum class leaving { closes, resets };

void leave(raw_client& client, leaving how) {
    if (how == leaving::closes) {
        client.close();
    } else {
        client.reset();
    }
}

void check_logged_as_gone(gateway_process const& gateway, std::string const& path) {
    auto const line = gateway.wait_for_access_line_of(path);
    CHECK(line.number("status") == 499);
    CHECK(line.text("cause") == "client_closed");
}

}  // namespace

TEST_CASE("a client that leaves before the answer stops the upstream", "[wire][client-gone]") {
    auto const how = GENERATE(leaving::closes, leaving::resets);
    gate stopped_work;
    imposter_origin origin;
    origin.when("/long", [&](origin_connection& connection, message const&) {
        if (connection.closed_by_peer()) stopped_work.open();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/long"));
    origin.wait_for_requests(1);
    leave(client, how);
    stopped_work.wait();
    check_logged_as_gone(gateway, "/long");
    CHECK(get(gateway.port(), "/").status() == 200);
}

TEST_CASE("a client that leaves during the response stops the upstream", "[wire][client-gone]") {
    auto const how = GENERATE(leaving::closes, leaving::resets);
    auto const framing = GENERATE(
        as<std::string>{}, "Content-Length: 1000000\r\n\r\nbeginning",
        "Transfer-Encoding: chunked\r\n\r\n9\r\nbeginning\r\n");
    gate stopped_work;
    imposter_origin origin;
    origin.when("/long", [&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + framing);
        if (connection.closed_by_peer()) stopped_work.open();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/long"));
    client.receive_until("beginning");
    leave(client, how);
    stopped_work.wait();
    check_logged_as_gone(gateway, "/long");
}

TEST_CASE("a client that leaves during its request stops the upstream", "[wire][client-gone]") {
    auto const how = GENERATE(leaving::closes, leaving::resets);
    auto const framing = GENERATE(
        as<std::string>{}, "Content-Length: 10\r\n\r\nhalf", "Content-Length: 1000000\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    gate has_begun;
    gate stopped_work;
    imposter_origin origin;
    origin.when_head_of("/up", [&](origin_connection& connection, message const&) {
        connection.receive_until("half");
        has_begun.open();
        // A chunked body must not look complete: no last chunk before the end.
        std::string rest;
        try {
            rest = connection.receive_to_end();
        } catch (connection_lost const&) {}
        if (rest.find("0\r\n") == rest.npos) stopped_work.open();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send("POST /up HTTP/1.1\r\nHost: t\r\n" + framing);
    has_begun.wait();
    leave(client, how);
    stopped_work.wait();
    check_logged_as_gone(gateway, "/up");
}

TEST_CASE("a client that leaves in its pipeline stops only what runs", "[wire][client-gone]") {
    imposter_origin origin;
    origin.when("/long", [&](origin_connection& connection, message const&) {
        connection.closed_by_peer();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/long") + get_request("/never"));
    origin.wait_for_requests(1);
    client.reset();
    check_logged_as_gone(gateway, "/long");
    origin.wait_for_open_connections(0);
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("connections that come and go leave nothing behind", "[wire][client-gone]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).timeouts("upstream_idle: 100ms")};
    CHECK(get(gateway.port(), "/").status() == 200);
    origin.wait_for_open_connections(0);
    gateway.wait_for_metric("gateway_connections_active", 0);
    auto const before = gateway.open_descriptors();
    for (int i = 0; i < 200; ++i) {
        raw_client client{gateway.port()};
        if (i % 4 != 0) client.send("GET / HTTP/1.1\r\n");
        if (i % 4 == 2) client.send("Host: t\r\n\r\n");
        if (i % 4 == 3) client.reset();
    }
    gateway.wait_for_metric("gateway_connections_active", 0);
    origin.wait_for_open_connections(0);
    auto const until = steady::now() + patience();
    while (gateway.open_descriptors() > before && steady::now() < until) {}
    CHECK(gateway.open_descriptors() <= before);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// A signal ends the gateway without ending anyone's request.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <signal.h>

namespace gateway::support {
namespace {

void wait_until_refused(std::uint16_t port) {
    auto const until = steady::now() + patience();
    while (steady::now() < until) {
        try {
            stream::connect(port);
        } catch (connect_refused const&) {
            return;
        }
    }
    throw timed_out{"connections are still accepted"};
}

}  // namespace

TEST_CASE("a drain finishes what runs, refuses what is new and exits with 0", "[wire][drain]") {
    auto const number = GENERATE(SIGTERM, SIGINT);
    gate answer;
    imposter_origin origin;
    origin.when_open(answer, "/long", "finished");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client idle{gateway.port()};
    idle.send(get_request("/"));
    CHECK(idle.receive().status() == 200);
    raw_client busy{gateway.port()};
    busy.send(get_request("/long"));
    origin.wait_for_requests(2);

    gateway.signal(number);
    wait_until_refused(gateway.port());
    CHECK(idle.closed_by_peer());
    answer.open();
    auto const response = busy.receive();
    CHECK(response.body == "finished");
    CHECK(response.value("Connection") == "close");
    CHECK(busy.closed_by_peer());
    CHECK(gateway.wait_exit() == 0);
    // The log is complete although the process has gone.
    CHECK(gateway.access_lines().size() == 2);
}

TEST_CASE("a body on its way is finished during a drain", "[wire][drain]") {
    gate halfway;
    imposter_origin origin;
    origin.when("/long", [&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        halfway.wait();
        connection.send("4\r\nhalf\r\n0\r\n\r\n");
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/long"));
    client.receive_until("half\r\n");
    gateway.signal(SIGTERM);
    wait_until_refused(gateway.port());
    halfway.open();
    CHECK(client.receive_until("0\r\n\r\n") == "4\r\nhalf\r\n0\r\n\r\n");
    CHECK(client.closed_by_peer());
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("a drain has its limit", "[wire][drain]") {
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const&) {
        connection.closed_by_peer();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint()).timeouts("drain: 300ms")};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    origin.wait_for_requests(1);
    auto const begin = steady::now();
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
    CHECK(steady::now() - begin >= 300ms);
    CHECK(steady::now() - begin < patience(3s));
}

TEST_CASE("a second signal ends it now", "[wire][drain]") {
    auto const second = GENERATE(SIGTERM, SIGINT);
    imposter_origin origin;
    origin.otherwise([](origin_connection& connection, message const&) {
        connection.closed_by_peer();
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint()).timeouts("drain: 1h")};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    origin.wait_for_requests(1);
    gateway.signal(SIGTERM);
    wait_until_refused(gateway.port());
    gateway.signal(second);
    gateway.wait_exit();
    CHECK(client.closed_by_peer());
}

TEST_CASE("an idle gateway drains at once", "[wire][drain]") {
    gateway_process gateway{all_to("127.0.0.1:1").timeouts("drain: 1h")};
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("an open tunnel does not outlast the drain", "[wire][drain]") {
    imposter_origin origin{[](origin_connection& connection) {
        connection.receive_request();
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
            "Connection: upgrade\r\n\r\n");
        connection.closed_by_peer();
    }};
    gateway_process gateway{all_to(origin.endpoint()).timeouts("drain: 300ms")};
    raw_client client{gateway.port()};
    client.send(get_request("/", "Upgrade: x\r\nConnection: upgrade\r\n"));
    CHECK(client.receive_only_head().status() == 101);
    gateway.signal(SIGTERM);
    CHECK(client.closed_by_peer());
    CHECK(gateway.wait_exit() == 0);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Several cores: each accepts, serves, counts and logs by itself, and together they look like one.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

namespace gateway::support {
namespace {

// Sockets that listen on a port, by the kernel's own table (proc(5), state 0A).
int listening_sockets(std::uint16_t port) {
    std::ifstream table{"/proc/net/tcp"};
    int count = 0;
    for (std::string line; std::getline(table, line);) {
        std::istringstream columns{line};
        std::string index, local, remote, state;
        columns >> index >> local >> remote >> state;
        auto const colon = local.find(':');
        if (state != "0A" || colon == local.npos) continue;
        count += std::stoul(local.substr(colon + 1), nullptr, 16) == port ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("two cores both serve", "[wire][cores]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).runtime("threads: 2")};
    std::vector<raw_client> clients;
    for (int i = 0; i < 64; ++i) clients.emplace_back(gateway.port());
    for (int round = 0; round < 10; ++round) {
        for (auto& client : clients) client.send(get_request("/"));
        for (auto& client : clients) REQUIRE(client.receive().status() == 200);
    }
    gateway.wait_for_metric("http_requests_total", 640);
    gateway.wait_for_metric("gateway_connections_active", 64);
    // The kernel spreads connections by their addresses over the sockets that share a port. With 64
    // of them each core has some, and every single one was answered.
    CHECK(listening_sockets(gateway.port()) == 2);
}

TEST_CASE("each core serves alone when the other has no clients", "[wire][cores]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).runtime("threads: 2")};
    for (int i = 0; i < 50; ++i) REQUIRE(get(gateway.port(), "/").status() == 200);
    CHECK(origin.connections() <= 4);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// One identifier follows a request: to the upstream, back to the client, into the log.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace gateway::support {
namespace {

bool is_fresh(std::string const& id) {
    auto const is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return id.size() == 32 && std::ranges::all_of(id, is_digit);
}

}  // namespace

TEST_CASE("a request without an ID gets a fresh one, the same everywhere", "[wire][request-id]") {
    imposter_origin origin;
    // The upstream's own idea of it is not told to the client twice.
    origin.otherwise(imposter_origin::ok("hello", "X-Request-Id: from-upstream\r\n"));
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response = get(gateway.port(), "/");
    auto const id = response.value("X-Request-Id");
    CHECK(response.count("X-Request-Id") == 1);
    CHECK(is_fresh(id));
    CHECK(origin.last_request().value("X-Request-Id") == id);
    CHECK(gateway.wait_for_access_line_of("/").text("request_id") == id);
}

TEST_CASE("a well-formed ID is kept", "[wire][request-id]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const id = GENERATE(
        as<std::string>{}, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "Root=1-67891233-abcdef012345",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV", std::string(128, 'x'));
    auto const response = get(gateway.port(), "/", "x-request-id: " + id + "\r\n");
    CHECK(response.value("X-Request-Id") == id);
    CHECK(origin.last_request().value("X-Request-Id") == id);
    CHECK(gateway.wait_for_access_line_of("/").text("request_id") == id);
}

TEST_CASE("an ID that could harm a log is replaced", "[wire][request-id]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const id = GENERATE(
        as<std::string>{}, "two words are not one", "quote\"quote\"quote", "{\"json\":\"json\"}",
        "<script>alert(1)</script>", "caf\xc3\xa9 caf\xc3\xa9", std::string(129, 'x'));
    auto const response = get(gateway.port(), "/", "X-Request-Id: " + id + "\r\n");
    CHECK(is_fresh(response.value("X-Request-Id")));
    CHECK(origin.last_request().value("X-Request-Id") == response.value("X-Request-Id"));
    CHECK(origin.last_request().count("X-Request-Id") == 1);
}

TEST_CASE("two IDs in one request are replaced by one", "[wire][request-id]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    get(gateway.port(), "/", "X-Request-Id: aaaaaaaaaaaa\r\nX-Request-Id: bbbbbbbbbbbb\r\n");
    CHECK(origin.last_request().count("X-Request-Id") == 1);
}

TEST_CASE("no two requests share a fresh ID", "[wire][request-id]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).runtime("threads: 2")};
    std::set<std::string> ids;
    for (int connection = 0; connection < 10; ++connection) {
        raw_client client{gateway.port()};
        for (int i = 0; i < 50; ++i) {
            client.send(get_request("/"));
            ids.insert(client.receive().value("X-Request-Id"));
        }
    }
    CHECK(ids.size() == 500);
}

TEST_CASE("a reply of the gateway's own carries the ID too", "[wire][request-id]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    auto const reply = get(gateway.port(), "/", "X-Request-Id: my-own-identifier\r\n");
    CHECK(reply.status() == 502);
    CHECK(reply.value("X-Request-Id") == "my-own-identifier");
    CHECK(json_object{reply.body}.text("request_id") == "my-own-identifier");
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Which upstream answers: by host, path and method, the most specific first.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

// Answers every request with its own name.
struct named_origin : imposter_origin {
    explicit named_origin(std::string const& name) { otherwise(ok(name)); }
};

std::string answer_to(
    gateway_process const& gateway,
    std::string const& method,
    std::string const& host,
    std::string const& target) {
    raw_client client{gateway.port()};
    client.send(method + ' ' + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    auto const response = client.receive();
    if (response.status() == 200) return response.body;
    return std::to_string(response.status()) + ' ' + json_object{response.body}.text("cause");
}

}  // namespace

TEST_CASE("the most specific route answers", "[wire][routing]") {
    named_origin front{"front"};
    named_origin api{"api"};
    named_origin admin{"admin"};
    gateway_process gateway{configuration{}
                                .upstream("front", {front.endpoint()})
                                .upstream("api", {api.endpoint()})
                                .upstream("admin", {admin.endpoint()})
                                .route("prefix: /, upstream: front")
                                .route("prefix: /api/, upstream: api")
                                .route("prefix: /api/admin, upstream: admin")
                                .route("path: /api/exact, upstream: front")
                                .route("host: api.example.com, prefix: /, upstream: api")
                                .route("host: \"*.wild.org\", prefix: /, upstream: admin")};
    struct expectation {
        std::string host;
        std::string target;
        std::string upstream;
    };
    auto const row = GENERATE(values<expectation>({
        {"test", "/", "front"},
        {"test", "/any/path?q=/api/", "front"},
        {"test", "/api/", "api"},
        {"test", "/api/products?x=1", "api"},
        {"test", "/apix", "front"},
        {"test", "/api/admin", "admin"},
        {"test", "/api/admin/", "admin"},
        {"test", "/api/admin/users", "admin"},
        {"test", "/api/administrator", "api"},
        {"test", "/api/exact", "front"},
        {"test", "/api/exact/", "api"},
        {"test", "/%61pi/products", "api"},
        {"test", "/x/../api/products", "api"},
        {"api.example.com", "/", "api"},
        {"API.EXAMPLE.COM:8080", "/", "api"},
        {"example.com", "/", "front"},
        {"a.wild.org", "/", "admin"},
        {"a.b.wild.org", "/", "admin"},
        {"wild.org", "/", "front"},
    }));
    CAPTURE(row.host, row.target);
    CHECK(answer_to(gateway, "GET", row.host, row.target) == row.upstream);
}

TEST_CASE("a route may be for some methods only", "[wire][routing]") {
    named_origin reads{"reads"};
    named_origin writes{"writes"};
    gateway_process gateway{configuration{}
                                .upstream("reads", {reads.endpoint()})
                                .upstream("writes", {writes.endpoint()})
                                .route("prefix: /a/, methods: [GET, HEAD], upstream: reads")
                                .route("prefix: /a/, methods: [POST], upstream: writes")};
    CHECK(answer_to(gateway, "GET", "test", "/a/x") == "reads");
    CHECK(answer_to(gateway, "POST", "test", "/a/x") == "writes");
    CHECK(answer_to(gateway, "DELETE", "test", "/a/x") == "405 method_not_allowed");
    CHECK(answer_to(gateway, "GET", "test", "/b") == "404 no_route");
    CHECK(reads.requests().size() == 1);
    CHECK(writes.requests().size() == 1);
}

TEST_CASE("a refused method is told which ones are allowed", "[wire][routing]") {
    named_origin origin{"any"};
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("prefix: /, methods: [GET, POST], upstream: app")};
    auto const response = ask(gateway.port(), "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n");
    CHECK(response.status() == 405);
    CHECK(response.value("Allow") == "GET, HEAD, POST");
}

TEST_CASE("the path goes upstream byte for byte, whatever it was matched by", "[wire][routing]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const target = GENERATE(
        as<std::string>{}, "/a%2Fb", "/%61?x=%zz&y={}", "/a//b", "/a/./b/../c", "/?", "/a;v=1");
    CAPTURE(target);
    CHECK(get(gateway.port(), target).status() == 200);
    CHECK(origin.last_request().target() == target);
}

TEST_CASE("an absolute target goes upstream as path, its authority as Host", "[wire][routing]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response =
        ask(gateway.port(), "GET http://real.example/x?y HTTP/1.1\r\nHost: other\r\n\r\n");
    CHECK(response.status() == 200);
    CHECK(origin.last_request().target() == "/x?y");
    CHECK(origin.last_request().value("Host") == "real.example");
    CHECK(origin.last_request().value("X-Forwarded-Host") == "real.example");
    CHECK(gateway.wait_for_access_lines(1).at(0).text("host") == "real.example");
}

TEST_CASE("several endpoints of an upstream share its requests", "[wire][routing]") {
    imposter_origin first;
    imposter_origin second;
    gateway_process gateway{
        configuration{}
            .upstream(
                "app", {first.endpoint(), second.endpoint()}, ", balance: { method: round_robin }")
            .route("prefix: /, upstream: app")};
    for (int i = 0; i < 20; ++i) CHECK(get(gateway.port(), "/").status() == 200);
    CHECK(first.requests().size() == 10);
    CHECK(second.requests().size() == 10);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// How much is too much: each limit's last value passes and the next is refused, with the limit's
// own status and cause, before any of it reaches the upstream.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

std::string cause_in(message const& reply) { return json_object{reply.body}.text("cause"); }

// A field line of exactly `size` bytes, CRLF included.
std::string field_line(std::string const& name, std::size_t size) {
    return name + ": " + std::string(size - name.size() - 4, 'v') + "\r\n";
}

std::string chunked_request(std::string const& body) {
    std::string request{"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"};
    for (std::size_t at = 0; at < body.size(); at += 100) {
        request += "64\r\n" + body.substr(at, 100) + "\r\n";
    }
    return request + "0\r\n\r\n";
}

}  // namespace

TEST_CASE("a request line may have 16 KiB and gets 414 beyond", "[wire][limits]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    std::size_t const frame = std::string_view{"GET  HTTP/1.1\r\n"}.size();
    auto const longest = '/' + std::string(16'384 - frame - 1, 'x');
    CHECK(get(gateway.port(), longest).status() == 200);
    CHECK(origin.last_request().target() == longest);
    auto const reply = get(gateway.port(), longest + "xx");
    CHECK(reply.status() == 414);
    CHECK(cause_in(reply) == "target_too_long");
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("a field line may have 16 KiB and gets 431 beyond", "[wire][limits]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const longest = field_line("X-Long", 16'384);
    CHECK(get(gateway.port(), "/", longest).status() == 200);
    CHECK(origin.last_request().value("X-Long").size() == 16'384 - 10);
    auto const reply = get(gateway.port(), "/", field_line("X-Long", 16'386));
    CHECK(reply.status() == 431);
    CHECK(cause_in(reply) == "header_too_large");
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("a header may have 64 KiB and gets 431 beyond", "[wire][limits]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const base = get_request("/").size();
    auto const fields_of = [&](std::size_t total) {
        std::string fields;
        for (int i = 0; i < 4; ++i) fields += field_line("X-Part", 16'000);
        return fields + field_line("X-Rest", total - base - fields.size());
    };
    CHECK(get(gateway.port(), "/", fields_of(65'536)).status() == 200);
    CHECK(origin.last_request().count("X-Part") == 4);
    auto const reply = get(gateway.port(), "/", fields_of(65'538));
    CHECK(reply.status() == 431);
    CHECK(cause_in(reply) == "header_too_large");
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("a header may have 128 fields and gets 431 beyond", "[wire][limits]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    std::string fields;
    for (int i = 1; i < 128; ++i) fields += "X-" + std::to_string(i) + ": v\r\n";
    CHECK(get(gateway.port(), "/", fields).status() == 200);
    CHECK(origin.last_request().value("X-127") == "v");
    auto const reply = get(gateway.port(), "/", fields + "X-128: v\r\n");
    CHECK(reply.status() == 431);
    CHECK(cause_in(reply) == "too_many_fields");
}

TEST_CASE("a header that never ends is refused at its limit", "[wire][limits]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    SECTION("in one field") { client.send("GET / HTTP/1.1\r\nX: " + std::string(70'000, 'x')); }
    SECTION("in the request line") { client.send("GET /" + std::string(70'000, 'x')); }
    auto const reply = client.receive();
    CHECK((reply.status() == 431 || reply.status() == 414));
    CHECK(client.closed_by_peer());
}

TEST_CASE("a request body may have its limit and gets 413 beyond", "[wire][limits]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("prefix: /, upstream: app")
                                .route("prefix: /uploads/, upstream: app, limits: { body: 2KiB }")
                                .limits("body: 1KiB")};
    CHECK(ask(gateway.port(), post_request("/", std::string(1'024, 'x'))).status() == 200);
    CHECK(ask(gateway.port(), post_request("/uploads/", std::string(2'048, 'x'))).status() == 200);
    CHECK(ask(gateway.port(), chunked_request(std::string(1'000, 'x'))).status() == 200);
    auto const served = origin.requests().size();
    for (auto const& request : {
             post_request("/", std::string(1'025, 'x')),
             post_request("/uploads/", std::string(2'049, 'x')),
         }) {
        auto const reply = ask(gateway.port(), request);
        CHECK(reply.status() == 413);
        CHECK(cause_in(reply) == "body_too_large");
    }
    CHECK(origin.requests().size() == served);
    auto const reply = ask(gateway.port(), chunked_request(std::string(1'100, 'x')));
    CHECK(reply.status() == 413);
    CHECK(cause_in(reply) == "body_too_large");
}

TEST_CASE("the default body limit is 10 MiB", "[wire][limits]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10485761\r\n\r\n");
    CHECK(client.receive().status() == 413);
    pattern_source source;
    CHECK(ask(gateway.port(), post_request("/", source.take(10'485'760))).status() == 200);
}

TEST_CASE("connections beyond the limit get 503 until one is free", "[wire][limits]") {
    gate go;
    imposter_origin origin;
    origin.when("/wait", [&](origin_connection& client, message const&) {
        go.wait();
        client.send(imposter_origin::ok("done"));
    });
    gateway_process gateway{all_to(origin.endpoint()).limits("connections: 2")};
    raw_client first{gateway.port()};
    raw_client second{gateway.port()};
    for (auto client : {&first, &second}) client->send(get_request("/wait"));
    origin.wait_for_requests(2);
    raw_client third{gateway.port()};
    auto const reply = third.receive();
    CHECK(reply.status() == 503);
    CHECK(cause_in(reply) == "too_many_connections");
    CHECK(third.closed_by_peer());
    go.open(2);
    CHECK(first.receive().body == "done");
    CHECK(second.receive().body == "done");
    first.close();
    // Before the gateway has seen this end, a newcomer would take the place of the idle second.
    gateway.wait_for_metric("gateway_connections_active", 1);
    CHECK(get(gateway.port(), "/").status() == 200);
    second.send(get_request("/"));
    CHECK(second.receive().status() == 200);
}

TEST_CASE("a response header may have 64 KiB and becomes 502 beyond", "[wire][limits]") {
    imposter_origin origin;
    std::string fields;
    for (int i = 0; i < 3; ++i) fields += field_line("X-Part", 16'000);
    origin.when("/fits", imposter_origin::ok("fits", fields));
    origin.when("/large", imposter_origin::ok("large", fields + fields));
    gateway_process gateway{all_to(origin.endpoint())};
    auto const fits = get(gateway.port(), "/fits");
    CHECK(fits.body == "fits");
    CHECK(fits.count("X-Part") == 3);
    auto const reply = get(gateway.port(), "/large");
    CHECK(reply.status() == 502);
    CHECK(cause_in(reply) == "response_header_too_large");
}

}  // namespace gateway::support

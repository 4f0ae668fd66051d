// SPDX-License-Identifier: Apache-2.0
// Bodies of a gibibyte in constant memory, and a fast sender held back by a slow receiver.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <thread>

namespace gateway::support {
namespace {

std::uint64_t const size = sanitized ? 32ull << 20 : 1ull << 30;
constexpr std::uint64_t growth_max = 16ull << 20;

enum class framing { length, chunked };

std::string framing_field(framing how) {
    if (how == framing::chunked) return "Transfer-Encoding: chunked\r\n\r\n";
    return "Content-Length: " + std::to_string(size) + "\r\n\r\n";
}

void send_body(http_stream& to, framing how) {
    pattern_source source;
    for (std::uint64_t sent = 0; sent < size;) {
        auto const bytes = source.next(std::min<std::uint64_t>(size - sent, 256 << 10));
        if (how == framing::chunked) {
            to.send_chunk(bytes);
        } else {
            to.send(bytes);
        }
        sent += bytes.size();
    }
    if (how == framing::chunked) to.send_chunk("");
}

configuration settings_for(imposter_origin const& origin) {
    return all_to(origin.endpoint()).limits("body: 2GiB");
}

// What serving `traffic` adds to the most memory the gateway ever held. Sanitizers keep freed
// memory on purpose, so there is nothing to measure under them.
template <class Traffic>
void check_memory_stays(gateway_process const& gateway, Traffic const& traffic) {
    CHECK(get(gateway.port(), "/").status() == 200);
    gateway.forget_peak_memory();
    auto const before = gateway.peak_memory_bytes();
    traffic();
    auto const after = gateway.peak_memory_bytes();
    if (!sanitized) CHECK(after - before < growth_max);
}

}  // namespace

TEST_CASE("a download of a gibibyte takes constant memory", "[wire][large]") {
    auto const how = GENERATE(framing::length, framing::chunked);
    imposter_origin origin;
    origin.when("/large", [&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + framing_field(how));
        send_body(connection, how);
    });
    gateway_process gateway{settings_for(origin)};
    check_memory_stays(gateway, [&] {
        raw_client client{gateway.port()};
        client.send(get_request("/large"));
        pattern_check body;
        client.receive([&](std::string_view bytes) { body.take(bytes); });
        CHECK(body.is(size));
        client.send(get_request("/"));
        CHECK(client.receive().status() == 200);
    });
    CHECK(gateway.wait_for_access_line_of("/large").number("bytes_out") >= double(size));
}

TEST_CASE("an upload of a gibibyte takes constant memory", "[wire][large]") {
    auto const how = GENERATE(framing::length, framing::chunked);
    pattern_check received;
    imposter_origin origin;
    origin.when_head_of("/large", [&](origin_connection& connection, message const& head) {
        auto request = head;
        connection.receive_body(
            request, unframed::is_empty, [&](std::string_view bytes) { received.take(bytes); });
        connection.send(imposter_origin::ok("stored"));
    });
    gateway_process gateway{settings_for(origin)};
    check_memory_stays(gateway, [&] {
        raw_client client{gateway.port()};
        client.send("PUT /large HTTP/1.1\r\nHost: t\r\n" + framing_field(how));
        send_body(client, how);
        CHECK(client.receive().body == "stored");
        CHECK(received.is(size));
        client.send(get_request("/"));
        CHECK(client.receive().status() == 200);
    });
    CHECK(gateway.wait_for_access_line_of("/large").number("bytes_in") >= double(size));
}

TEST_CASE("a client that does not read holds the upstream back", "[wire][large]") {
    auto const how = GENERATE(framing::length, framing::chunked);
    std::uint64_t const much = 256 << 20;
    gate held_back;
    std::uint64_t taken = 0;
    imposter_origin origin;
    origin.when("/large", [&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + framing_field(how));
        // One chunk, or the beginning of the known length; the rest is never sent.
        if (how == framing::chunked) connection.send("10000000\r\n");
        pattern_source source;
        try {
            while (taken < much) {
                auto const bytes = source.next(16 << 10);
                connection.transport().write(bytes, 300ms);
                taken += bytes.size();
            }
        } catch (timed_out const&) {}
        held_back.open();
        connection.closed_by_peer();
    });
    gateway_process gateway{settings_for(origin)};
    check_memory_stays(gateway, [&] {
        raw_client client{gateway.port()};
        client.transport().receive_buffer(16 << 10);
        client.send(get_request("/large"));
        held_back.wait();
        CHECK(taken < much / 4);
    });
}

TEST_CASE("an upstream that does not read holds the client back", "[wire][large]") {
    std::uint64_t const much = 256 << 20;
    gate done;
    imposter_origin origin;
    origin.when_head_of("/large", [&](origin_connection& connection, message const&) {
        done.wait();
        connection.close();
    });
    gateway_process gateway{settings_for(origin)};
    check_memory_stays(gateway, [&] {
        raw_client client{gateway.port()};
        client.send("PUT /large HTTP/1.1\r\nHost: t\r\nContent-Length: 268435456\r\n\r\n");
        pattern_source source;
        std::uint64_t taken = 0;
        try {
            while (taken < much) {
                auto const bytes = source.next(16 << 10);
                client.transport().write(bytes, 300ms);
                taken += bytes.size();
            }
        } catch (timed_out const&) {}
        CHECK(taken < much / 4);
        done.open();
    });
}

TEST_CASE("many downloads at once arrive unharmed", "[wire][large]") {
    std::size_t const each = 3'000'001;
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        pattern_source source;
        connection.send(imposter_origin::ok(source.take(each)));
    });
    gateway_process gateway{settings_for(origin)};
    std::vector<raw_client> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(gateway.port());
    for (auto& client : clients) client.send(get_request("/"));
    for (auto& client : clients) {
        pattern_check body;
        client.receive([&](std::string_view bytes) { body.take(bytes); });
        REQUIRE(body.is(each));
    }
}

}  // namespace gateway::support

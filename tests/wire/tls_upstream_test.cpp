// SPDX-License-Identifier: Apache-2.0
// What works over plain TCP works over TLS to the upstream.
#include "support/gate.hpp"
#include "support/json_value.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"
#include "support/tls_case.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <fstream>
#include <thread>

namespace gateway::support {
namespace {

constexpr std::uint64_t large = (3u << 20) + 17;

void send_pattern(http_stream& to, std::uint64_t size, bool chunked) {
    pattern_source source;
    for (std::uint64_t sent = 0; sent < size;) {
        auto const bytes = source.next(std::min<std::uint64_t>(size - sent, 100'000));
        if (chunked) {
            to.send_chunk(bytes);
        } else {
            to.send(bytes);
        }
        sent += bytes.size();
    }
    if (chunked) to.send_chunk("");
}

std::string framing(bool chunked) {
    if (chunked) return "Transfer-Encoding: chunked\r\n\r\n";
    return "Content-Length: " + std::to_string(large) + "\r\n\r\n";
}

}  // namespace

TEST_CASE("requests of every form reach a TLS upstream on one connection", "[wire][tls]") {
    auto const version = GENERATE(tls_version::any, tls_version::only_1_2, tls_version::only_1_3);
    tls_case given;
    tls_server server{given.ca.issue(), {.version = version}};
    imposter_origin origin{server};
    origin.when("/echo", [](origin_connection& connection, message const& request) {
        if (request.method() == "HEAD") {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        } else {
            connection.send(imposter_origin::ok(request.method() + ":" + request.body));
        }
    });
    gateway_process gateway{given.settings_for(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/echo"));
    CHECK(client.receive().body == "GET:");
    client.send(post_request("/echo", "body"));
    CHECK(client.receive().body == "POST:body");
    client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send_chunk("chu").send_chunk("nks").send_chunk("");
    CHECK(client.receive().body == "POST:chunks");
    client.send("HEAD /echo HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(client.receive_only_head().status() == 200);
    CHECK(origin.connections() == 1);
    REQUIRE(origin.handshakes().size() == 1);
    auto const seen = origin.handshakes().front();
    CHECK(seen.server_name == "localhost");
    CHECK(seen.offered == "\x08http/1.1");
    CHECK(seen.client_subject.empty());
    CHECK_FALSE(seen.resumed);
    CHECK(gateway.metrics().sum("gateway_upstream_connections_reused_total") == 3);
    CHECK(gateway.metrics().sum("gateway_upstream_tls_handshakes_total", {{"resumed", "no"}}) == 1);
}

TEST_CASE("large bodies pass whole through TLS in both directions", "[wire][tls]") {
    auto const version = GENERATE(tls_version::only_1_2, tls_version::only_1_3);
    auto const chunked = GENERATE(false, true);
    tls_case given;
    tls_server server{given.ca.issue(), {.version = version}};
    imposter_origin origin{server};
    pattern_check uploaded;
    origin.when("/down", [&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + framing(chunked));
        send_pattern(connection, large, chunked);
    });
    origin.when_head_of("/up", [&](origin_connection& connection, message const& head) {
        auto request = head;
        connection.receive_body(
            request, unframed::is_empty, [&](std::string_view bytes) { uploaded.take(bytes); });
        connection.send(imposter_origin::ok("stored"));
    });
    gateway_process gateway{given.settings_for(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/down"));
    pattern_check downloaded;
    client.receive([&](std::string_view bytes) { downloaded.take(bytes); });
    CHECK(downloaded.is(large));
    client.send("PUT /up HTTP/1.1\r\nHost: t\r\n" + framing(chunked));
    send_pattern(client, large, chunked);
    CHECK(client.receive().body == "stored");
    CHECK(uploaded.is(large));
    CHECK(origin.connections() == 1);
}

TEST_CASE("bodies pass both ways at once through TLS", "[wire][tls]") {
    tls_case given;
    imposter_origin origin{given.server};
    origin.when_head_of("/echo", [&](origin_connection& connection, message const& head) {
        connection.send("HTTP/1.1 200 OK\r\n" + framing(true));
        auto request = head;
        connection.receive_body(request, unframed::is_empty, [&](std::string_view bytes) {
            if (!bytes.empty()) connection.send_chunk(bytes);
        });
        connection.send_chunk("");
    });
    gateway_process gateway{given.settings_for(origin)};
    raw_client client{gateway.port()};
    client.send("PUT /echo HTTP/1.1\r\nHost: t\r\n" + framing(false));
    std::thread uploading{[&] { send_pattern(client, large, false); }};
    pattern_check echoed;
    client.receive([&](std::string_view bytes) { echoed.take(bytes); });
    uploading.join();
    CHECK(echoed.is(large));
}

TEST_CASE("a new connection resumes the session of the last one", "[wire][tls]") {
    auto const version = GENERATE(tls_version::only_1_2, tls_version::only_1_3);
    tls_case given;
    tls_server server{given.ca.issue(), {.version = version}};
    imposter_origin origin{server};
    origin.otherwise([](origin_connection& connection, message const&) {
        connection.send(imposter_origin::ok("bye", "Connection: close\r\n"));
        connection.close();
    });
    gateway_process gateway{given.settings_for(origin)};
    for (int i = 0; i < 5; ++i) CHECK(get(gateway.port(), "/").body == "bye");
    auto const handshakes = origin.handshakes();
    REQUIRE(handshakes.size() == 5);
    CHECK_FALSE(handshakes[0].resumed);
    for (std::size_t i = 1; i < 5; ++i) CHECK(handshakes[i].resumed);
    CHECK(
        gateway.metrics().sum("gateway_upstream_tls_handshakes_total", {{"resumed", "yes"}}) == 4);
}

TEST_CASE("an idle connection outlives what TLS says between requests", "[wire][tls]") {
    tls_case given;
    imposter_origin origin{given.server};
    origin.when("/update", [](origin_connection& connection, message const&) {
        connection.send(imposter_origin::ok("first"));
        // Told with the next bytes that go out, which are a record of no data for the client.
        connection.transport().tls().update_keys();
        connection.transport().tls().write({});
        connection.transport().tls().handshake();
    });
    gateway_process gateway{given.settings_for(origin)};
    for (int i = 0; i < 20; ++i) {
        CHECK(get(gateway.port(), "/update").body == "first");
        CHECK(get(gateway.port(), "/").body == "hello");
    }
    CHECK(origin.connections() == 1);
}

TEST_CASE("a connection that the upstream closes while idle is not used again", "[wire][tls]") {
    tls_case given;
    gate close_now;
    imposter_origin origin{given.server, [&](origin_connection& connection) {
                               connection.receive_request();
                               connection.send(imposter_origin::ok("once"));
                               if (connection.index() == 0) {
                                   close_now.wait();
                               } else {
                                   connection.closed_by_peer();
                               }
                           }};
    gateway_process gateway{given.settings_for(origin)};
    CHECK(get(gateway.port(), "/").body == "once");
    close_now.open();
    origin.wait_for_open_connections(0);
    CHECK(ask(gateway.port(), post_request("/", "x")).body == "once");
    CHECK(gateway.metrics().sum("gateway_upstream_failures_total") == 0);
}

TEST_CASE("200 WebSocket messages come back through a TLS upstream", "[wire][tls]") {
    tls_case given;
    imposter_origin origin{given.server, [](origin_connection& connection) {
                               connection.receive_request();
                               connection.send(
                                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\n\r\n");
                               for (auto said = connection.receive_some(); !said.empty();
                                    said = connection.receive_some()) {
                                   connection.send(said);
                               }
                           }};
    gateway_process gateway{given.settings_for(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/chat", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
    REQUIRE(client.receive_only_head().status() == 101);
    pattern_source source;
    for (std::size_t i = 1; i <= 200; ++i) {
        auto const said = source.take(i * 331 % 70'000 + 1);
        client.send(said);
        CHECK(client.receive_bytes(said.size()) == said);
    }
    client.half_close();
    // The end travels as an end: close_notify and FIN there, FIN here.
    CHECK(client.receive_to_end().empty());
    auto const line = gateway.wait_for_access_line_of("/chat");
    CHECK_FALSE(line.has("cause"));
}

TEST_CASE("an upstream may ask for the gateway's certificate", "[wire][tls]") {
    auto const version = GENERATE(tls_version::only_1_2, tls_version::only_1_3);
    tls_case given;
    authority clients{"Clients' CA"};
    auto const ours = clients.issue({.subject = "the-gateway", .names = {}});
    temporary_file const certificate{ours.certificate, ".pem"};
    temporary_file const key{ours.key, ".pem"};
    temporary_file const both{ours.certificate + ours.key, ".pem"};
    tls_server server{given.ca.issue(), {.version = version, .client_ca = clients.certificate()}};
    imposter_origin origin{server};
    auto const in_one_file = GENERATE(false, true);
    std::string const named =
        in_one_file ? "certificate: \"" + both.path() + "\""
                    : "certificate: \"" + certificate.path() + "\", key: \"" + key.path() + "\"";
    gateway_process gateway{all_over_tls(https(origin), given.trust() + ", " + named)};
    CHECK(get(gateway.port(), "/").body == "hello");
    CHECK(origin.handshakes().front().client_subject == "/CN=the-gateway");
}

TEST_CASE(
    "how long the gateway's own certificate is good is told, after a reload too", "[wire][tls]") {
    using std::chrono::system_clock;
    constexpr auto metric = "gateway_certificate_expiry_timestamp_seconds";
    tls_case given;
    imposter_origin origin{given.server};
    authority clients{"Clients' CA"};
    auto const signed_for = [&](long seconds) {
        auto const ours = clients.issue({.subject = "the-gateway", .valid_until = seconds});
        return ours.certificate + ours.key;
    };
    temporary_file const both{signed_for(3 * 24 * 3600), ".pem"};
    auto const settings =
        all_over_tls(https(origin), given.trust() + ", certificate: \"" + both.path() + "\"");
    gateway_process gateway{settings};
    auto const valid_for = [&] {
        double const until = gateway.metrics().sum(metric, {{"used_for", "upstream app"}});
        auto const status = json_value::parse(get(gateway.admin_port(), "/status").body);
        CHECK(status["certificates"][0]["valid_until_ms"].number() == until * 1000);
        return until - static_cast<double>(system_clock::to_time_t(system_clock::now()));
    };
    CHECK(valid_for() == Approx(3 * 24 * 3600).margin(60));
    std::ofstream{both.path(), std::ios::trunc} << signed_for(90 * 24 * 3600);
    gateway.reload(settings);
    CHECK(valid_for() == Approx(90 * 24 * 3600).margin(60));
}

TEST_CASE("an endpoint may be an address, or prove another name", "[wire][tls]") {
    tls_case given;
    imposter_origin origin{given.server};
    SECTION("an address stands in the certificate and is no server name") {
        gateway_process gateway{all_over_tls(https(origin, "127.0.0.1"), given.trust())};
        CHECK(get(gateway.port(), "/").status() == 200);
        CHECK(origin.handshakes().front().server_name.empty());
    }
    SECTION("server_name is asked for and proved in place of the host") {
        tls_server const other{given.ca.issue({.names = {"DNS:billing.internal"}})};
        imposter_origin elsewhere{other};
        gateway_process gateway{all_over_tls(
            https(elsewhere, "127.0.0.1"), given.trust() + ", server_name: billing.internal")};
        CHECK(get(gateway.port(), "/").status() == 200);
        CHECK(elsewhere.handshakes().front().server_name == "billing.internal");
    }
    SECTION("a wildcard covers one label") {
        tls_server const other{given.ca.issue({.names = {"DNS:*.svc.internal"}})};
        imposter_origin elsewhere{other};
        gateway_process gateway{all_over_tls(
            https(elsewhere, "127.0.0.1"), given.trust() + ", server_name: billing.svc.internal")};
        CHECK(get(gateway.port(), "/").status() == 200);
    }
    SECTION("without verification anybody will do, and the log says so") {
        tls_server const other{self_signed({.names = {"DNS:nobody"}})};
        imposter_origin elsewhere{other};
        gateway_process gateway{all_over_tls(https(elsewhere), "verify: off")};
        CHECK(get(gateway.port(), "/").status() == 200);
        gateway.wait_for_log("upstream app: certificates are not verified");
    }
}

TEST_CASE("plain and TLS endpoints may stand side by side", "[wire][tls]") {
    tls_case given;
    imposter_origin secret{given.server};
    imposter_origin open;
    configuration settings;
    settings.upstream("app", {https(secret), open.endpoint()}, ", tls: {" + given.trust() + "}");
    settings.route("prefix: /, upstream: app");
    gateway_process gateway{settings};
    for (int i = 0; i < 6; ++i) CHECK(get(gateway.port(), "/").body == "hello");
    CHECK(secret.requests().size() >= 1);
    CHECK(open.requests().size() >= 1);
    CHECK(secret.requests().size() + open.requests().size() == 6);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Each way TLS to an upstream can fail has its own cause, the same in the body, the access log, the
// metrics and the gateway's log.
#include "support/gate.hpp"
#include "support/raw_client.hpp"
#include "support/tls_case.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

std::string cause_in(message const& reply) { return json_object{reply.body}.text("cause"); }

void check_named_everywhere(
    gateway_process const& gateway, message const& reply, std::string const& cause, int status) {
    CHECK(reply.status() == status);
    CHECK(cause_in(reply) == cause);
    CHECK(gateway.wait_for_access_line_of("/").text("cause") == cause);
    CHECK(gateway.metrics().sum("gateway_upstream_failures_total", {{"cause", cause}}) >= 1);
    gateway.wait_for_log("failed: " + cause);
}

}  // namespace

TEST_CASE("a certificate that does not prove the endpoint is refused by cause", "[wire][tls]") {
    tls_case given;
    authority const stranger{"Somebody else"};
    struct row {
        identity shown;
        std::string host;
        std::string cause;
        std::string told;  // by the log
    };
    auto const kind = GENERATE(range(0, 7));
    row const one = [&]() -> row {
        switch (kind) {
            case 0:
                return {
                    given.ca.issue({.valid_from = -7200, .valid_until = -60}), "localhost",
                    "tls_expired", "certificate has expired: CN=origin, until "};
            case 1:
                return {
                    given.ca.issue({.valid_from = 3600}), "localhost", "tls_not_yet_valid",
                    "certificate is not yet valid: CN=origin, from "};
            case 2:
                return {
                    given.ca.issue({.names = {"DNS:other.example"}}), "localhost", "tls_wrong_host",
                    "good for DNS:other.example"};
            case 3:
                return {
                    given.ca.issue({.names = {"DNS:localhost", "IP:127.0.0.9"}}), "127.0.0.1",
                    "tls_wrong_host", "good for DNS:localhost, IP Address:127.0.0.9"};
            case 4:
                return {
                    stranger.issue(), "localhost", "tls_unknown_ca", "issued by CN=Somebody else"};
            case 5:
                return {self_signed(), "localhost", "tls_self_signed", "self-signed certificate"};
            // A name in CN only counts no longer where alternative names exist.
            default:
                return {
                    given.ca.issue({.subject = "localhost", .names = {"DNS:other.example"}}),
                    "localhost", "tls_wrong_host", "good for DNS:other.example"};
        }
    }();
    CAPTURE(one.cause);
    tls_server const server{one.shown};
    imposter_origin origin{server};
    gateway_process gateway{all_over_tls(https(origin, one.host), given.trust())};
    auto const reply = get(gateway.port(), "/");
    check_named_everywhere(gateway, reply, one.cause, 502);
    gateway.wait_for_log(one.told);
    CHECK(origin.requests().empty());
    // Again and again, but told once.
    CHECK(ask(gateway.port(), post_request("/again", "x")).status() == 502);
    auto const log = gateway.log();
    CHECK(log.find("failed: tls_") == log.rfind("failed: tls_"));
}

TEST_CASE("the system's authorities do not know a private one", "[wire][tls]") {
    tls_case given;
    imposter_origin origin{given.server};
    configuration settings;
    settings.upstream("app", {https(origin)});
    settings.route("prefix: /, upstream: app");
    gateway_process gateway{settings};
    check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_unknown_ca", 502);
}

TEST_CASE("a revoked certificate is refused where the ca file lists it", "[wire][tls]") {
    authority const ca;
    auto const bad = ca.issue();
    temporary_file const trust{ca.certificate() + ca.revocation_of({bad}), ".pem"};
    tls_server const revoked_server{bad};
    tls_server const good_server{ca.issue()};
    imposter_origin revoked{revoked_server};
    imposter_origin good{good_server};
    gateway_process gateway{all_over_tls(https(revoked), "ca: \"" + trust.path() + "\"")};
    check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_revoked", 502);
    gateway_process other{all_over_tls(https(good), "ca: \"" + trust.path() + "\"")};
    CHECK(get(other.port(), "/").status() == 200);
}

TEST_CASE("an upstream that wants a certificate of us is told apart", "[wire][tls]") {
    auto const version = GENERATE(tls_version::only_1_2, tls_version::only_1_3);
    tls_case given;
    tls_server server{given.ca.issue(), {.version = version, .client_ca = given.ca.certificate()}};
    imposter_origin origin{server};
    // None, one of a stranger, one of a stranger with the right name.
    auto const issuer = GENERATE(as<std::string>{}, "", "Somebody else", "Test CA");
    CAPTURE(issuer);
    std::string more;
    auto const wrong = authority{issuer}.issue();
    temporary_file const shown{wrong.certificate + wrong.key, ".pem"};
    if (!issuer.empty()) more = ", certificate: \"" + shown.path() + "\"";
    gateway_process gateway{all_over_tls(https(origin), given.trust() + more)};
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 502);
    CHECK(cause_in(reply) == "tls_certificate_refused");
    CHECK(origin.requests().empty());
}

TEST_CASE("what is not TLS as we speak it is a protocol error", "[wire][tls]") {
    tls_case given;
    SECTION("plain HTTP") {
        imposter_origin origin{[](origin_connection& connection) {
            connection.receive_some();
            connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            connection.closed_by_peer();
        }};
        gateway_process gateway{given.settings_for(origin)};
        check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_protocol_error", 502);
    }
    SECTION("a version that is too old") {
        tls_server const old{given.ca.issue(), {.version = tls_version::only_1_1}};
        imposter_origin origin{old};
        gateway_process gateway{given.settings_for(origin)};
        check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_protocol_error", 502);
        CHECK(origin.failed_handshakes() >= 1);
    }
    SECTION("a protocol that was not offered") {
        tls_server const eager{given.ca.issue(), {.alpn = "h2"}};
        imposter_origin origin{eager};
        gateway_process gateway{given.settings_for(origin)};
        check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_protocol_error", 502);
    }
}

TEST_CASE("a handshake that breaks off or stalls has its own cause", "[wire][tls]") {
    tls_case given;
    SECTION("closed at once") {
        imposter_origin origin{[](origin_connection& connection) { connection.close(); }};
        gateway_process gateway{given.settings_for(origin)};
        check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_handshake_cut", 502);
    }
    SECTION("reset in the middle") {
        imposter_origin origin{[](origin_connection& connection) {
            connection.receive_some();
            connection.reset();
        }};
        gateway_process gateway{given.settings_for(origin)};
        check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_handshake_cut", 502);
    }
    SECTION("never answered: the limit for connecting covers the handshake") {
        imposter_origin origin{[](origin_connection& connection) {
            while (!connection.receive_some().empty()) {}
        }};
        auto settings = given.settings_for(origin);
        settings.timeouts("connect: 300ms");
        gateway_process gateway{settings};
        check_named_everywhere(gateway, get(gateway.port(), "/"), "tls_handshake_timeout", 504);
        origin.wait_for_open_connections(0);
    }
}

TEST_CASE("a client that leaves ends a handshake under way", "[wire][tls]") {
    tls_case given;
    gate arrived;
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_some();
        arrived.open();
        connection.closed_by_peer();
    }};
    auto settings = given.settings_for(origin);
    settings.timeouts("connect: 30s");
    gateway_process gateway{settings};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    arrived.wait();
    client.close();
    origin.wait_for_open_connections(0);
    CHECK(gateway.wait_for_access_line_of("/").text("cause") == "client_closed");
    CHECK(gateway.log().find("failed: ") == std::string::npos);
}

TEST_CASE("a failed handshake is tried at another endpoint, POST too", "[wire][tls]") {
    tls_case given;
    tls_server const expired{given.ca.issue({.valid_from = -7200, .valid_until = -60})};
    imposter_origin bad{expired};
    imposter_origin good{given.server};
    configuration settings;
    settings.upstream(
        "app", {https(bad), https(good)},
        ", balance: {method: round_robin}, tls: {" + given.trust() + "}");
    settings.route("prefix: /, upstream: app");
    gateway_process gateway{settings};
    for (int i = 0; i < 4; ++i) {
        CHECK(ask(gateway.port(), post_request("/", "x")).body == "hello");
    }
    CHECK(good.requests().size() == 4);
    CHECK(bad.failed_handshakes() >= 1);
    CHECK(bad.requests().empty());
}

TEST_CASE("recovery is told once", "[wire][tls]") {
    tls_case given;
    std::atomic<int> handshakes{0};
    imposter_origin origin{[&](origin_connection& connection) {
        if (handshakes++ == 0) return;
        connection.transport().accept_tls(given.server);
        while (connection.receive_request()) connection.send(imposter_origin::ok("hello"));
    }};
    gateway_process gateway{given.settings_for(origin)};
    CHECK(get(gateway.port(), "/").status() == 502);
    CHECK(get(gateway.port(), "/").status() == 200);
    gateway.wait_for_log("upstream app: TLS with 127.0.0.1:" + std::to_string(origin.port()));
    gateway.wait_for_log("works again");
}

TEST_CASE("a body that ends without TLS's own end is truncated", "[wire][tls]") {
    auto const version = GENERATE(tls_version::only_1_2, tls_version::only_1_3);
    auto const head = GENERATE(
        as<std::string>{}, "\r\nhalf", "Content-Length: 10\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    CAPTURE(head);
    tls_case given;
    tls_server const server{given.ca.issue(), {.version = version}};
    imposter_origin origin{server};
    origin.otherwise([&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + head);
        connection.transport().close_without_notify();
    });
    gateway_process gateway{given.settings_for(origin)};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    CHECK_THROWS_AS(client.receive(), connection_lost);
    CHECK(gateway.wait_for_access_line_of("/").text("cause") == "response_truncated");
}

TEST_CASE("a body that the connection's end delimits ends whole with close_notify", "[wire][tls]") {
    tls_case given;
    imposter_origin origin{given.server};
    origin.otherwise([&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n\r\nall of it");
        connection.close();
    });
    gateway_process gateway{given.settings_for(origin)};
    CHECK(get(gateway.port(), "/").body == "all of it");
    CHECK_FALSE(gateway.wait_for_access_line_of("/").has("cause"));
}

TEST_CASE("a TLS connection that dies before a request is read fails visibly", "[wire][tls]") {
    tls_case given;
    imposter_origin origin{given.server};
    origin.otherwise([](origin_connection& connection, message const&) {
        connection.transport().close_without_notify();
    });
    gateway_process gateway{given.settings_for(origin)};
    auto const reply = ask(gateway.port(), post_request("/", "x"));
    CHECK(reply.status() == 502);
    CHECK(cause_in(reply) == "upstream_closed");
    CHECK(origin.requests().size() == 1);  // acknowledged, so never sent twice
}

TEST_CASE("files that cannot serve are named before anything starts", "[wire][tls]") {
    authority const ca;
    auto const one = ca.issue();
    auto const other = ca.issue();
    temporary_file const ca_file{ca.certificate(), ".pem"};
    temporary_file const certificate{one.certificate, ".pem"};
    temporary_file const key{one.key, ".pem"};
    temporary_file const wrong_key{other.key, ".pem"};
    temporary_file const empty{"", ".pem"};
    struct row {
        std::string keys;
        std::string told;
    };
    std::vector<row> const rows{
        {"ca: /does/not/exist.pem",
         "upstreams.app.tls.ca: found \"/does/not/exist.pem\", expected a PEM file with "
         "certificates; No such file or directory"},
        {"ca: /",
         "upstreams.app.tls.ca: found \"/\", expected a PEM file with certificates; Is a "
         "directory"},
        {"ca: \"" + empty.path() + "\"", "it holds nothing of the kind"},
        {"ca: \"" + key.path() + "\"", "it holds nothing of the kind"},
        {"certificate: \"" + certificate.path() + "\"",
         "upstreams.app.tls.certificate: found \"" + certificate.path() +
             "\", expected a PEM file with the certificate's private key; it holds nothing"},
        {"certificate: \"" + certificate.path() + "\", key: \"" + wrong_key.path() + "\"",
         "upstreams.app.tls.key: found \"" + wrong_key.path() +
             "\", expected a PEM file with the certificate's private key; the key belongs to "
             "another certificate"},
    };
    for (auto const& [keys, told] : rows) {
        CAPTURE(keys);
        for (std::string const verb : {"check", "run"}) {
            auto const ended = gateway_to_end(verb, all_over_tls("https://a", keys).text());
            CHECK(ended.exit_code == 2);
            CHECK_THAT(ended.err, Catch::Contains(told));
        }
    }
    auto const fine = gateway_to_end(
        "check", all_over_tls(
                     "https://a", "ca: \"" + ca_file.path() + "\", certificate: \"" +
                                      certificate.path() + "\", key: \"" + key.path() + "\"")
                     .text());
    CHECK(fine.exit_code == 0);
}

}  // namespace gateway::support

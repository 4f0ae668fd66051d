// SPDX-License-Identifier: Apache-2.0
// One word says why a request failed: the same in the reply's body, in Proxy-Status, in the access
// log and in the metrics. Beside it the log tells of the upstream connection that was used.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <thread>

namespace gateway::support {
namespace {

// What a gateway with small limits is sent, or gets from its origin, and the word for it.
struct failure {
    std::string cause;
    std::string request;
    std::string response;  // to whoever asks for /app/, then the connection ends; empty: none
};

failure from_client(std::string cause, std::string request) {
    return {std::move(cause), std::move(request), {}};
}

failure from_origin(std::string cause, std::string response) {
    return {std::move(cause), post_request("/app/x", "body"), std::move(response)};
}

std::vector<failure> failures() {
    return {
        from_client("no_route", get_request("/nowhere")),
        from_client("method_not_allowed", post_request("/read/", "x")),
        from_client("malformed_request_line", "GET  / HTTP/1.1\r\nHost: t\r\n\r\n"),
        from_client("malformed_field", "GET / HTTP/1.1\r\nHost: t\r\nbroken\r\n\r\n"),
        from_client("malformed_host", "GET / HTTP/1.1\r\n\r\n"),
        from_client(
            "ambiguous_framing",
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        from_client(
            "malformed_chunk",
            "POST /app/x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
        from_client("unsupported_version", "GET / HTTP/2.0\r\nHost: t\r\n\r\n"),
        from_client("unsupported_expectation", get_request("/app/x", "Expect: the-best\r\n")),
        from_client("target_too_long", get_request("/" + std::string(1'100, 'x'))),
        from_client(
            "header_too_large", get_request("/", "X-A: " + std::string(1'100, 'x') + "\r\n")),
        from_client("body_too_large", post_request("/app/x", std::string(2'000, 'x'))),
        from_client("request_head_timeout", "GET / HTTP/1.1\r\nHos"),
        from_client(
            "request_body_timeout",
            "POST /app/x HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf"),
        from_client("connect_refused", get_request("/refused/")),
        from_client("name_unresolved", get_request("/nameless/")),
        from_client("tls_handshake_timeout", get_request("/secret/")),
        from_client("response_head_timeout", get_request("/silent/")),
        from_origin("response_malformed", "nonsense\r\n\r\n"),
        from_origin("response_truncated", "HTTP/1.1 200 OK\r\nContent-Le"),
        from_origin(
            "response_header_too_large",
            "HTTP/1.1 200 OK\r\nX-A: " + std::string(5'000, 'x') + "\r\n\r\n"),
        from_origin("upstream_closed", ""),
    };
}

configuration strict(imposter_origin const& origin, imposter_origin const& silent) {
    return configuration{}
        .upstream("app", {origin.endpoint()}, ", retries: { extra_tries: 0 }")
        .upstream("silent", {silent.endpoint()})
        .upstream("refused", {"127.0.0.1:1"})
        .upstream("nameless", {"no-such-host.invalid:80"}, ", queue: { requests: 0 }")
        .upstream("secret", {"https://" + silent.endpoint()})
        .route("prefix: /app/, upstream: app")
        .route("prefix: /read/, upstream: app, methods: [GET]")
        .route("prefix: /silent/, upstream: silent")
        .route("prefix: /refused/, upstream: refused")
        .route("prefix: /nameless/, upstream: nameless")
        .route("prefix: /secret/, upstream: secret")
        .timeouts("request_head: 200ms, request_body: 200ms, response_head: 300ms, connect: 300ms")
        .limits("header: 4KiB, header_line: 1KiB, body: 1KiB");
}

}  // namespace

TEST_CASE("body, Proxy-Status, log and metric name one cause", "[wire][why]") {
    std::string response;
    imposter_origin origin{[&](origin_connection& connection) {
        if (connection.receive_request() && !response.empty()) connection.send(response);
    }};
    imposter_origin silent{[](origin_connection& connection) {
        connection.receive_request();
        connection.closed_by_peer();
    }};
    gateway_process gateway{strict(origin, silent)};
    for (auto const& each : failures()) {
        CAPTURE(each.cause);
        response = each.response;
        auto const reply = ask(gateway.port(), each.request);
        CAPTURE(reply.head, reply.body);
        CHECK(reply.status() >= 400);
        CHECK(json_object{reply.body}.text("cause") == each.cause);
        CHECK(
            reply.value("Proxy-Status").find("; details=\"" + each.cause + "\"") !=
            std::string::npos);
        auto const line = gateway.wait_for_access_line([&](json_object const& one) {
            return one.text("request_id") == reply.value("X-Request-Id");
        });
        CHECK(line.text("cause") == each.cause);
        CHECK(line.number("status") == reply.status());
        gateway.wait_for_metric("gateway_errors_total", 1, {{"cause", each.cause}});
    }
    // No other word was used for any of them.
    CHECK(gateway.metrics().sum("gateway_errors_total") == double(failures().size()));
}

TEST_CASE("a failure tells the age, uses and idle time of its connection", "[wire][why]") {
    imposter_origin origin;
    origin.when(
        "/break", [](origin_connection& connection, message const&) { connection.close(); });
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()}, ", retries: {extra_tries: 0}")
                                .route("prefix: /, upstream: app")};
    for (int i = 0; i < 3; ++i) CHECK(get(gateway.port(), "/fine").status() == 200);
    // The time without a request is the subject here.
    std::this_thread::sleep_for(30ms);
    CHECK(ask(gateway.port(), post_request("/break", "x")).status() == 502);
    CHECK(origin.connections() == 1);
    auto const line = gateway.wait_for_access_line_of("/break");
    CAPTURE(line.line());
    CHECK(line.text("cause") == "upstream_closed");
    CHECK(line.text("endpoint") == origin.endpoint());
    CHECK(line.number("connection_uses") == 4);
    CHECK(line.number("connection_idle_ms") >= 25);
    CHECK(line.number("connection_age_ms") >= line.number("connection_idle_ms"));
    CHECK_FALSE(gateway.wait_for_access_line_of("/fine").has("connection_uses"));
}

TEST_CASE("a connection that was never made has no age", "[wire][why]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    CHECK(get(gateway.port(), "/").status() == 502);
    auto const line = gateway.wait_for_access_line_of("/");
    CHECK(line.text("cause") == "connect_refused");
    CHECK(line.text("endpoint") == "127.0.0.1:1");
    CHECK_FALSE(line.has("connection_uses"));
    CHECK_FALSE(line.has("connection_age_ms"));
}

TEST_CASE("a retry that succeeds tells which connection had failed", "[wire][why]") {
    imposter_origin origin{[](origin_connection& connection) {
        while (auto const request = connection.receive_request()) {
            if (connection.index() == 0 && request->target() == "/second") return;
            connection.send(imposter_origin::ok("hello"));
        }
    }};
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/first").status() == 200);
    CHECK(get(gateway.port(), "/second").status() == 200);
    auto const line = gateway.wait_for_access_line_of("/second");
    CAPTURE(line.line());
    CHECK_FALSE(line.has("cause"));
    CHECK(line.number("attempts") == 2);
    CHECK(line.number("connection_uses") == 2);
    CHECK(line.has("connection_age_ms"));
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// The gateway's own replies: small, in the form the client asked for, with what one needs to find
// the request again.
#include "support/gateway_process.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {

TEST_CASE("a reply is JSON for programs and HTML for people", "[wire][error-reply]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    struct expectation {
        std::string accept;
        std::string type;
    };
    auto const row = GENERATE(values<expectation>({
        {"", "application/json"},
        {"Accept: */*\r\n", "application/json"},
        {"Accept: application/json\r\n", "application/json"},
        {"Accept: text/html\r\n", "text/html"},
        {"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
         "text/html"},
        {"Accept: text/html;q=0.1, application/json\r\n", "application/json"},
    }));
    CAPTURE(row.accept);
    auto const reply = get(gateway.port(), "/", row.accept);
    CHECK(reply.status() == 502);
    CHECK(reply.value("Content-Type").starts_with(row.type));
    CHECK(reply.body.find("connect_refused") != std::string::npos);
    CHECK(reply.body.find(reply.value("X-Request-Id")) != std::string::npos);
    CHECK(reply.body.size() < 2'000);
    CHECK(reply.value("Cache-Control") == "no-store");
    CHECK(reply.count("Date") == 1);
    if (row.type == "application/json") {
        json_object const body{reply.body};
        CHECK(body.text("cause") == "connect_refused");
        CHECK(body.number("status") == 502);
        CHECK(body.text("request_id") == reply.value("X-Request-Id"));
    }
}

TEST_CASE("a reply to HEAD has the fields and no body", "[wire][error-reply]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    raw_client client{gateway.port()};
    client.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n" + get_request("/"));
    auto const head = client.receive_only_head();
    CHECK(head.status() == 502);
    CHECK(std::stoi(head.value("Content-Length")) > 0);
    auto const reply = client.receive();
    CHECK(reply.status() == 502);
    CHECK(reply.body.size() > 0);
}

TEST_CASE("a reply leaves a healthy client connection open", "[wire][error-reply]") {
    gateway_process gateway{
        configuration{}.upstream("app", {"127.0.0.1:1"}).route("prefix: /app/, upstream: app")};
    raw_client client{gateway.port()};
    for (int i = 0; i < 5; ++i) {
        client.send(get_request("/nowhere"));
        auto const reply = client.receive();
        CHECK(reply.status() == 404);
        CHECK_FALSE(reply.has("Connection"));
    }
}

TEST_CASE("a client's own words come back harmless", "[wire][error-reply]") {
    gateway_process gateway{all_to("127.0.0.1:1")};
    auto const reply = get(
        gateway.port(), "/<script>", "Accept: text/html\r\nX-Request-Id: <script>x</script>\r\n");
    CHECK(reply.body.find("<script>") == std::string::npos);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Requests that the gateway answers itself, and what it says of itself when it does.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

std::string request(std::string const& line, std::string const& fields = {}) {
    return line + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n";
}

}  // namespace

TEST_CASE("OPTIONS * asks the gateway", "[wire][own-answers]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    for (std::string const target : {"*", "http://t", "*"}) {
        CAPTURE(target);
        client.send(request("OPTIONS " + target));
        auto const answer = client.receive();
        CHECK(answer.status() == 200);
        CHECK(answer.value("Allow") == "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
        CHECK(answer.value("Content-Length") == "0");  // RFC 9110 9.3.7
        CHECK(answer.value("Proxy-Status") == "gateway");
        CHECK_FALSE(answer.has("Connection"));
    }
    CHECK(origin.requests().empty());
    CHECK(gateway.wait_for_access_lines(3).size() == 3);
    client.send(request("OPTIONS http://t/"));
    CHECK(client.receive().body == "hello");
}

TEST_CASE("Max-Forwards is counted for OPTIONS", "[wire][own-answers]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("prefix: /, upstream: app")
                                .route("prefix: /read/, methods: [GET, OPTIONS], upstream: app")};
    raw_client client{gateway.port()};
    auto const ask_with = [&](std::string const& line, std::string const& value) {
        client.send(request(line, "Max-Forwards: " + value + "\r\n"));
        return client.receive();
    };
    // RFC 9110 7.6.2: at 0 the one who has it is the one who was asked.
    auto const here = ask_with("OPTIONS /read/x", "0");
    CHECK(here.status() == 200);
    CHECK(here.value("Allow") == "GET, HEAD, OPTIONS");
    CHECK(ask_with("OPTIONS /x", "00").value("Content-Length") == "0");
    CHECK(origin.requests().empty());
    CHECK(ask_with("OPTIONS /x", "1").body == "hello");
    CHECK(origin.last_request().value("Max-Forwards") == "0");
    CHECK(ask_with("OPTIONS /x", "10").body == "hello");
    CHECK(origin.last_request().value("Max-Forwards") == "9");
    CHECK(ask_with("OPTIONS /x", "99999999999999999999").body == "hello");
    CHECK(origin.last_request().value("Max-Forwards") == "999999");
    // Other methods do not count.
    CHECK(ask_with("GET /x", "0").body == "hello");
    CHECK(origin.last_request().value("Max-Forwards") == "0");
    CHECK(ask_with("OPTIONS /x", "-1").status() == 400);
    CHECK(ask_with("OPTIONS /x", "1, 2").status() == 400);
    client.send(request("OPTIONS /x", "Max-Forwards: 1\r\nMax-Forwards: 2\r\n"));
    CHECK(client.receive().status() == 400);
}

TEST_CASE("TRACE passes only where a route names it", "[wire][own-answers]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("prefix: /, upstream: app")
                                .route("prefix: /traced/, methods: [TRACE], upstream: app")};
    auto const refused = ask(gateway.port(), request("TRACE /"));
    CHECK(refused.status() == 405);
    CHECK(refused.value("Allow") == "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    CHECK(origin.requests().empty());
    CHECK(ask(gateway.port(), request("TRACE /traced/")).body == "hello");
    auto const shown =
        ask(gateway.port(), request(
                                "TRACE /traced/",
                                "Max-Forwards: 0\r\nX-A: 1\r\nAuthorization: secret\r\n"
                                "Cookie: secret\r\nX-Forwarded-For: 6.6.6.6\r\n"));
    CHECK(shown.status() == 200);
    CHECK(shown.value("Content-Type") == "message/http");
    CHECK(shown.body == "TRACE /traced/ HTTP/1.1\r\nHost: t\r\nMax-Forwards: 0\r\nX-A: 1\r\n\r\n");
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("an encoded slash passes unless it leads elsewhere", "[wire][own-answers]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("prefix: /, upstream: app")
                                .route("prefix: /admin/, upstream: app")
                                .route("prefix: /strict/, upstream: app, encoded_slash: refuse")};
    struct row {
        std::string target;
        int status;
    };
    auto const one = GENERATE(values<row>({
        {"/@scope%2fname", 200},
        {"/a%5Cb", 200},
        {"/admin/a%2Fb", 200},
        {"/?a=%2f", 200},
        {"/strict/a?b=%2f", 200},
        {"/admin%2fusers", 400},
        {"/admin%5cusers", 400},
        {"/%2fadmin/users", 400},
        {"/strict/a%2Fb", 400},
        {"/strict/a%5cb", 400},
        {"/strict%2Fa", 400},
    }));
    CAPTURE(one.target);
    auto const reply = get(gateway.port(), one.target);
    CHECK(reply.status() == one.status);
    if (one.status == 200) {
        CHECK(origin.last_request().target() == one.target);
    } else {
        CHECK(json_object{reply.body}.text("cause") == "ambiguous_path");
        CHECK(origin.requests().empty());
    }
}

TEST_CASE("each reply of the gateway's own says why in Proxy-Status", "[wire][own-answers]") {
    imposter_origin origin;
    origin.when("/bad", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
    origin.when("/gone", [](origin_connection& connection, message const&) { connection.close(); });
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .upstream("dead", {"127.0.0.1:1"})
                                .route("prefix: /app/, upstream: app")
                                .route("prefix: /bad, upstream: app")
                                .route("prefix: /gone, upstream: app")
                                .route("prefix: /dead/, upstream: dead")
                                .route("prefix: /get/, methods: [GET], upstream: app")};
    struct row {
        std::string request;
        std::string status;
    };
    auto const one = GENERATE(values<row>({
        {get_request("/nowhere"), "destination_not_found; details=\"no_route\""},
        {get_request("/dead/"), "connection_refused; details=\"connect_refused\""},
        {get_request("/gone"), "connection_terminated; details=\"upstream_closed\""},
        {get_request("/bad"), "http_protocol_error; details=\"response_malformed\""},
        {post_request("/get/", "x"), "http_request_denied; details=\"method_not_allowed\""},
        {get_request("/%00"), "http_request_error; details=\"malformed_target\""},
        {"nonsense\r\n\r\n", "http_request_error; details=\"malformed_request_line\""},
    }));
    CAPTURE(one.request);
    auto const reply = ask(gateway.port(), one.request);
    CHECK(reply.value("Proxy-Status") == "gateway; error=" + one.status);
    auto const cause = json_object{reply.body}.text("cause");
    CHECK(one.status.ends_with("\"" + cause + "\""));
}

TEST_CASE("an upstream's own Proxy-Status passes as it is", "[wire][own-answers]") {
    imposter_origin origin;
    origin.otherwise(imposter_origin::ok("x", "Proxy-Status: inner; hit\r\nProxy-Evil: 1\r\n"));
    gateway_process gateway{all_to(origin.endpoint())};
    auto const response = get(gateway.port(), "/");
    // RFC 9209 2: members of others are kept; to a response that only passes we have none to add.
    CHECK(response.value("Proxy-Status") == "inner; hit");
    CHECK_FALSE(response.has("Proxy-Evil"));
}

}  // namespace gateway::support

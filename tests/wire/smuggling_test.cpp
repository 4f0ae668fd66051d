// SPDX-License-Identifier: Apache-2.0
// Requests that two programs could read differently are refused whole: nothing of them, and nothing
// after them, reaches an upstream.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

struct refusal {
    std::string name;
    std::string request;
    int status;
};

}  // namespace

TEST_CASE("an ambiguous or malformed request ends its connection", "[wire][smuggling]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    std::string const line = "POST / HTTP/1.1\r\nHost: t\r\n";
    auto const row = GENERATE_COPY(values<refusal>({
        {"length and chunked",
         line + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                "0\r\n\r\n",
         400},
        {"two lengths", line + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        {"a list of lengths", line + "Content-Length: 3, 4\r\n\r\nabcd", 400},
        {"a signed length", line + "Content-Length: +3\r\n\r\nabc", 400},
        {"a length with a blank", line + "Content-Length: 3 0\r\n\r\nabc", 400},
        {"a hexadecimal length", line + "Content-Length: 0x3\r\n\r\nabc", 400},
        {"a length beyond 64 bits", line + "Content-Length: 99999999999999999999\r\n\r\n", 400},
        {"chunked twice", line + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
        {"chunked not last", line + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
        {"no chunked at all", line + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
        {"another coding first", line + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"a vertical tab", line + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400},
        {"a coding in HTTP/1.0",
         "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         400},
        {"a blank before a colon", line + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
        {"a folded field", line + "X-A: 1\r\n folded\r\n\r\n", 400},
        {"a bare LF", "GET / HTTP/1.1\nHost: t\n\n", 400},
        {"a bare CR", line + "X-A: 1\rX-B: 2\r\n\r\n", 400},
        {"a NUL", line + std::string{"X-A: \0\r\n\r\n", 9}, 400},
        {"no colon", line + "nonsense\r\n\r\n", 400},
        {"an empty name", line + ": x\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"a bad Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"two blanks", "GET  / HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"no version", "GET /\r\n\r\n", 400},
        {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505},
        {"no path", "GET x HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"a path above the root", "GET /../x HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"an encoded NUL", "GET /%00 HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"a broken encoding", "GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"TLS on a plain port", std::string{"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 15},
         400},
    }));
    CAPTURE(row.name);
    raw_client client{gateway.port()};
    client.send(row.request + get_request("/smuggled"));
    auto const reply = client.receive();
    CHECK(reply.status() == row.status);
    CHECK(reply.value("Connection") == "close");
    CHECK(client.closed_by_peer());
    CHECK(origin.requests().empty());
    CHECK(gateway.wait_for_access_lines(1).size() == 1);
}

TEST_CASE("a malformed chunk ends the request and both connections", "[wire][smuggling]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const body = GENERATE(
        as<std::string>{}, "x\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n",
        "-3\r\nabc\r\n", "0x3\r\nabc\r\n", "fffffffffffffffff\r\nabc", " 3\r\nabc\r\n0\r\n\r\n",
        "3;a=\nb\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\nbad trailer\r\n\r\n");
    CAPTURE(body);
    raw_client client{gateway.port()};
    client.send(
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
        get_request("/smuggled"));
    auto const reply = client.receive();
    CHECK(reply.status() == 400);
    CHECK(json_object{reply.body}.text("cause") == "malformed_chunk");
    CHECK(client.closed_by_peer());
    origin.wait_for_open_connections(0);
    for (auto const& request : origin.requests()) CHECK(request.target() != "/smuggled");
}

TEST_CASE("CONNECT and TRACE go nowhere", "[wire][smuggling]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    auto const connect = ask(gateway.port(), "CONNECT inner:22 HTTP/1.1\r\nHost: inner:22\r\n\r\n");
    CHECK(connect.status() >= 400);
    CHECK(ask(gateway.port(), "TRACE / HTTP/1.1\r\nHost: t\r\n\r\n").status() >= 400);
    CHECK(origin.requests().empty());
}

TEST_CASE("aliases of what the gateway says itself do not pass", "[wire][smuggling]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    get(gateway.port(), "/", "X_Forwarded_For: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\n");
    // An application behind CGI or WSGI could not tell them from the real ones.
    CHECK(origin.last_request().head.find("6.6.6.6") == std::string::npos);
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Peers that speak out of turn, close one direction or are interrupted, played step by step.
#include "stage.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace gateway;
using script::fault;
using script::peer;
using script::stage;

namespace {

std::string const get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
std::string const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Lets the gateway run until the client has a response that ends so, or the connection's end.
std::string receive(stage& on, peer& client, std::string_view end) {
    std::string got;
    on.run_until([&] { return client.receive(got) || got.ends_with(end); });
    return got;
}

peer accept_next(stage& on) {
    on.run_until([&] { return on.origin_was_asked(); });
    return on.accept_origin();
}

void await_request(stage& on, peer& origin) {
    std::string asked;
    on.run_until(
        [&] { return origin.receive(asked) || asked.find("\r\n\r\n") != std::string::npos; });
}

}  // namespace

TEST_CASE("an upstream that speaks before it is asked is not believed", "[script]") {
    stage on;
    peer client = on.connect_client();
    client.send(get);
    peer origin;
    std::string got;
    on.run_until([&] {
        // The kernel has made the connection before the gateway hears of it.
        if (!origin.is_open() && on.origin_was_asked()) {
            origin = on.accept_origin();
            origin.send(hello);
        }
        return client.receive(got) || got.ends_with("}\n");
    });
    CHECK(got.starts_with("HTTP/1.1 502 "));
    CHECK(got.find("unsolicited_response") != std::string::npos);
    CHECK(got.find("error=http_protocol_error") != std::string::npos);
    CHECK(got.find("hello") == std::string::npos);
    CHECK(on.is_clean_after(client));
}

TEST_CASE("an upstream that speaks between two requests is not asked again", "[script]") {
    stage on;
    peer client = on.connect_client();
    client.send(get);
    peer first = accept_next(on);
    await_request(on, first);
    first.send(hello);
    CHECK(receive(on, client, "hello").ends_with("\r\n\r\nhello"));
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON");
    client.send(get);
    peer second = accept_next(on);
    REQUIRE(second.is_open());
    await_request(on, second);
    second.send(hello);
    CHECK(receive(on, client, "hello").ends_with("\r\n\r\nhello"));
    CHECK(on.is_clean_after(client));
}

TEST_CASE("a HEAD that is refused is answered without a body", "[script]") {
    auto const request = GENERATE(
        as<std::string>{}, "HEAD /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /#a HTTP/1.1\r\n",
        "HEAD / HTTP/2.0\r\n", "HEAD / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\nA : b\r\n",
        "HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n");
    CAPTURE(request);
    stage on;
    peer client = on.connect_client();
    client.send(request);
    std::string got;
    CHECK(on.run_until([&] { return client.receive(got); }));
    CHECK((got.starts_with("HTTP/1.1 400 ") || got.starts_with("HTTP/1.1 505 ")));
    CHECK(got.find("Content-Length: ") != std::string::npos);
    CHECK(got.ends_with("\r\n\r\n"));
    CHECK(on.is_clean_after(client));
}

TEST_CASE("a response that has a body where none may be is refused", "[script]") {
    auto const [request, answer] = GENERATE(table<std::string, std::string>({
        {"GET", "HTTP/1.1 204 No Content\r\n\r\nevil"},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"},
        {"GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n" + hello},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
        {"HEAD", "HTTP/1.1 404 Not Found\r\n\r\nevil"},
        {"HEAD", "HTTP/1.1 200 OK\r\n\r\n" + hello},
    }));
    CAPTURE(request, answer);
    stage on;
    peer client = on.connect_client();
    client.send(request + " /a HTTP/1.1\r\nHost: x\r\n\r\n");
    peer origin = accept_next(on);
    await_request(on, origin);
    origin.send(answer);
    std::string const got = receive(on, client, request == "HEAD" ? "\r\n\r\n" : "}\n");
    CHECK(got.starts_with("HTTP/1.1 502 "));
    CHECK(got.find("details=\"response_malformed\"") != std::string::npos);
    CHECK(got.find("evil") == std::string::npos);
    std::string more;
    CHECK(on.run_until([&] { return origin.receive(more); }));  // and not asked again
    CHECK(on.is_clean_after(client));
}

TEST_CASE("a response that is broken before its head has gone gets 502", "[script]") {
    std::string const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    auto const body = GENERATE(
        as<std::string>{}, "x\r\n", "+5\r\nhello", "5\nhello", "5\r\nhelloo", "5 \r\nhello",
        "fffffffffffffffff\r\n", "5;a=\"\n\"\r\nhello", "0\r\nA : b\r\n\r\n", "0\r\n\n");
    auto const version = GENERATE(as<std::string>{}, "1.0", "1.1");
    CAPTURE(body, version);
    stage on;
    peer client = on.connect_client();
    client.send("GET /a HTTP/" + version + "\r\nHost: x\r\n\r\n");
    peer origin = accept_next(on);
    await_request(on, origin);
    origin.send(chunked + body);
    std::string const got = receive(on, client, "}\n");
    CHECK(got.starts_with("HTTP/1.1 502 "));
    CHECK(got.find("details=\"response_malformed\"; received-status=200") != std::string::npos);
    CHECK(got.find("hello") == std::string::npos);
    std::string more;
    CHECK(on.run_until([&] { return origin.receive(more); }));
    auto const& failures = on.counters().upstream(0).failures;
    CHECK(failures[static_cast<std::size_t>(cause::response_malformed)].value() == 1);
    CHECK(on.is_clean_after(client));
}

TEST_CASE("a request that is broken from the start does not reach the upstream", "[script]") {
    auto const body = GENERATE(as<std::string>{}, "x\r\n", "3\nabc", "3\r\nabcd\r\n");
    stage on;
    peer client = on.connect_client();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
    peer origin = accept_next(on);
    std::string asked;
    std::string got;
    CHECK(on.run_until([&] {
        client.receive(got);
        return origin.receive(asked);
    }));
    CHECK(asked.empty());
    CHECK(on.run_until([&] { return client.receive(got); }));
    CHECK(got.starts_with("HTTP/1.1 400 "));
    CHECK(got.find("malformed_chunk") != std::string::npos);
    CHECK(on.is_clean_after(client));
}

TEST_CASE("a response that our own fields make too large leaves nothing for others", "[script]") {
    stage on{[](settings::snapshot& all) {
        for (int i = 0; i < 20; ++i) {
            all.routes[0].response_headers.add.emplace_back(
                "X-" + std::to_string(i), std::string(8'000, 'a'));
        }
    }};
    peer client = on.connect_client();
    client.send(get);
    peer origin = accept_next(on);
    await_request(on, origin);
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    std::string const got = receive(on, client, "}\n");
    CHECK(got.starts_with("HTTP/1.1 502 "));
    CHECK(got.find("response_header_too_large") != std::string::npos);
    // Its body is still to come: nobody may be given this connection.
    std::string more;
    CHECK(on.run_until([&] { return origin.receive(more); }));
    CHECK(on.is_clean_after(client));
}

TEST_CASE("what a route says of a field holds for trailers and interim heads, too", "[script]") {
    stage on{[](settings::snapshot& all) {
        all.routes[0].request_headers.set.emplace_back("X-Secret", "ours");
        all.routes[0].response_headers.remove.emplace_back("X-Internal");
    }};
    peer client = on.connect_client();
    client.send(
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
        "0\r\nX_Secret: forged\r\nX-Sum: 1\r\n\r\n");
    peer origin = accept_next(on);
    std::string asked;
    CHECK(
        on.run_until([&] { return origin.receive(asked) || asked.ends_with("X-Sum: 1\r\n\r\n"); }));
    CHECK(asked.find("X-Secret: ours\r\n") != std::string::npos);
    CHECK(asked.ends_with("\r\n0\r\nX-Sum: 1\r\n\r\n"));
    CHECK(asked.find("forged") == std::string::npos);
    origin.send(
        "HTTP/1.1 103 Early Hints\r\nX-Internal: leak\r\nLink: </a>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Internal: leak\r\n\r\n"
        "1\r\na\r\n0\r\nX-Internal: leak\r\nX-Sum: 2\r\n\r\n");
    std::string const got = receive(on, client, "X-Sum: 2\r\n\r\n");
    CHECK(got.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"));
    CHECK(got.ends_with("\r\n0\r\nX-Sum: 2\r\n\r\n"));
    CHECK(got.find("leak") == std::string::npos);
    CHECK(on.is_clean_after(client));
}

TEST_CASE("an interrupted system call is made again and nobody notices", "[script]") {
    bool interrupted = true;
    unsigned steps = 0;
    for (; interrupted; ++steps) {
        REQUIRE(steps < 100);
        stage on;
        peer client = on.connect_client();
        std::string got;
        {
            fault const one{steps, EINTR};
            client.send(get);
            peer origin = accept_next(on);
            REQUIRE(origin.is_open());
            await_request(on, origin);
            origin.send(hello);
            got = receive(on, client, "hello");
            interrupted = one.happened();
        }
        CAPTURE(steps, got);
        CHECK(got.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(got.ends_with("\r\n\r\nhello"));
        CHECK(on.is_clean_after(client));
    }
    CHECK(steps >= 4);
}

TEST_CASE("a client that has finished sending still gets its response", "[script]") {
    stage on;
    peer client = on.connect_client();
    client.send(get);
    client.finish();
    peer origin = accept_next(on);
    REQUIRE(origin.is_open());
    await_request(on, origin);
    origin.send(hello);
    CHECK(receive(on, client, "hello").ends_with("\r\n\r\nhello"));
    CHECK(on.is_clean_after(client));
}

TEST_CASE("an upstream that has finished sending is not asked again", "[script]") {
    stage on;
    peer client = on.connect_client();
    for (int i = 0; i < 3; ++i) {
        client.send(get);
        peer origin = accept_next(on);
        REQUIRE(origin.is_open());
        await_request(on, origin);
        origin.send(hello);
        origin.finish();
        CHECK(receive(on, client, "hello").ends_with("\r\n\r\nhello"));
    }
    CHECK(on.is_clean_after(client));
}

TEST_CASE("a reset at any byte of the response is seen by the client", "[script]") {
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n";
    for (std::size_t at = 0; at < head.size() + 5; ++at) {
        stage on;
        peer client = on.connect_client();
        client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        peer origin = accept_next(on);
        await_request(on, origin);
        origin.send((head + "hello").substr(0, at));
        origin.reset();
        std::string const got = receive(on, client, "}\n");
        CAPTURE(at, got);
        bool const passed = got.starts_with("HTTP/1.1 200 ");
        if (!passed) CHECK(got.starts_with("HTTP/1.1 502 "));
        CHECK(on.is_clean_after(client));
    }
}

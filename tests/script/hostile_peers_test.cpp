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

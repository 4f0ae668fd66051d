// SPDX-License-Identifier: Apache-2.0
// Conversations played step by step, then again with every system call failing in turn and with
// every byte boundary cut: whatever happens, nothing is left behind and nobody gets a half response
// that looks whole.
#include "stage.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace gateway;
using script::fault;
using script::peer;
using script::stage;

namespace {

// What a script's origin does with one request: once `until` has come, it sends `answer`.
struct origin_part {
    std::string until;
    std::string answer;
    bool then_close = false;
};

struct scene {
    std::string request;
    origin_part origin;
    std::string response_begin;
    std::string response_end;
};

std::string const get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

// Plays the scene. The origin answers each connection that sends it a whole request, so a request
// that the gateway repeats is answered too. Returns what the client received.
std::string play(stage& on, peer& client, scene const& what) {
    std::string response;
    std::vector<peer> origins;
    std::vector<std::string> asked;
    std::vector<bool> answered;
    bool client_ended = false;
    client.send(what.request);
    CHECK(on.run_until([&] {
        while (on.origin_was_asked()) {
            origins.push_back(on.accept_origin());
            asked.emplace_back();
            answered.push_back(false);
        }
        for (std::size_t i = 0; i < origins.size(); ++i) {
            if (!origins[i].is_open()) continue;
            bool const ended = origins[i].receive(asked[i]);
            if (!answered[i] && asked[i].find(what.origin.until) != std::string::npos) {
                answered[i] = true;
                origins[i].send(what.origin.answer);
                if (what.origin.then_close) origins[i].close();
            } else if (ended) {
                origins[i].close();
            }
        }
        client_ended = client.receive(response);
        bool const whole = !what.response_end.empty() && response.ends_with(what.response_end) &&
                           response.size() >= what.response_begin.size();
        return client_ended || whole ||
               (response.find("\"cause\":") != std::string::npos && response.ends_with("}\n"));
    }));
    return response;
}

std::vector<scene> const scenes{
    {get,
     {"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
     "HTTP/1.1 200 OK\r\n",
     "\r\n\r\nhello"},
    {get,
     {"\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
     "HTTP/1.1 200 OK\r\n",
     "5\r\nhello\r\n0\r\n\r\n"},
    {get,
     {"\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nhello", true},
     "HTTP/1.1 200 OK\r\n",
     "\r\n0\r\n\r\n"},
    {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
     {"body", "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"},
     "HTTP/1.1 201 Created\r\n",
     "\r\n\r\nok"},
    {"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
     {"0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"},
     "HTTP/1.1 204 No Content\r\n",
     "\r\n\r\n"},
    {"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
     {"body", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
     "\r\n\r\nok"},
};

bool is_whole(std::string const& response, scene const& what) {
    return response.starts_with(what.response_begin) && response.ends_with(what.response_end);
}

// Our own errors come as JSON, whole.
bool is_gateway_error(std::string const& response) {
    return response.find("\"cause\":\"") != std::string::npos && response.ends_with("}\n");
}

}  // namespace

TEST_CASE("an exchange passes whole and leaves nothing behind", "[script]") {
    auto const number = GENERATE(range(std::size_t{0}, std::size_t{6}));
    scene const& what = scenes[number];
    CAPTURE(number, what.request);
    stage on;
    peer client = on.connect_client();
    std::string const response = play(on, client, what);
    CAPTURE(response);
    CHECK(is_whole(response, what));
    CHECK(on.is_clean_after(client));
}

TEST_CASE("whichever system call fails, the exchange ends visibly and cleanly", "[script]") {
    auto const number = GENERATE(range(std::size_t{0}, std::size_t{6}));
    auto const error = GENERATE(ECONNRESET, EPIPE, ENOMEM);
    scene const& what = scenes[number];
    unsigned steps = 0;
    for (bool failed = true; failed; ++steps) {
        REQUIRE(steps < 100);
        stage on{&script::wait_briefly};
        peer client = on.connect_client();
        std::string response;
        {
            fault const one{steps, error};
            response = play(on, client, what);
            failed = one.happened();
        }
        CAPTURE(number, error, steps, response);
        // A response that broke off must not end as if it were whole.
        bool const cut = !is_whole(response, what) && !is_gateway_error(response);
        if (cut) CHECK((response.empty() || !response.ends_with(what.response_end)));
        if (!failed) CHECK(is_whole(response, what));
        CHECK(on.is_clean_after(client));
    }
    CHECK(steps >= 4);
}

TEST_CASE("a request split at any byte gets the same response", "[script]") {
    auto const number = GENERATE(range(std::size_t{0}, std::size_t{6}));
    scene const& what = scenes[number];
    stage on;
    for (std::size_t at = 1; at < what.request.size(); ++at) {
        peer client = on.connect_client();
        client.send(std::string_view{what.request}.substr(0, at));
        std::uint64_t const settled = on.counters().exchanges_settled();
        // The first part is read before the second one is sent.
        for (int turn = 0; turn < 3; ++turn) {
            on.core().post([] {});
            on.run_until([once = false]() mutable { return std::exchange(once, true); });
        }
        scene rest = what;
        rest.request = what.request.substr(at);
        std::string const response = play(on, client, rest);
        CAPTURE(number, at, response);
        CHECK(is_whole(response, what));
        CHECK(on.counters().exchanges_settled() - settled <= 1);
    }
    peer last = on.connect_client();
    CHECK(on.is_clean_after(last));
}

TEST_CASE("a request cut off at any byte is given up without a trace", "[script]") {
    auto const number = GENERATE(range(std::size_t{0}, std::size_t{6}));
    scene const& what = scenes[number];
    for (std::size_t at = 0; at < what.request.size(); ++at) {
        stage on;
        peer client = on.connect_client();
        client.send(std::string_view{what.request}.substr(0, at));
        client.finish();
        scene nothing = what;
        nothing.request.clear();
        std::string const response = play(on, client, nothing);
        CAPTURE(number, at, response);
        CHECK_FALSE(response.starts_with("HTTP/1.1 2"));
        CHECK(on.is_clean_after(client));
    }
}

TEST_CASE("a response cut off at any byte never looks whole", "[script]") {
    auto const number = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{3});
    scene const& what = scenes[number];
    for (std::size_t at = 0; at < what.origin.answer.size(); ++at) {
        stage on;
        peer client = on.connect_client();
        scene cut = what;
        cut.origin.answer.resize(at);
        cut.origin.then_close = true;
        std::string const response = play(on, client, cut);
        CAPTURE(number, at, response);
        CHECK_FALSE(is_whole(response, what));
        bool const head_passed = response.starts_with("HTTP/1.1 20");
        if (!head_passed) CHECK(response.starts_with("HTTP/1.1 502 "));
        CHECK(on.is_clean_after(client));
    }
}

// Only the connection's end tells an HTTP/1.0 client where such a body ends. A client that has
// closed its half may still be reading.
TEST_CASE("a half-closed client sees that a body without length was cut", "[script]") {
    stage on;
    peer client = on.connect_client();
    client.send("GET /a HTTP/1.0\r\n\r\n");
    REQUIRE(on.run_until([&] { return on.origin_was_asked(); }));
    peer origin = on.accept_origin();
    std::string asked;
    REQUIRE(on.run_until([&] {
        origin.receive(asked);
        return asked.ends_with("\r\n\r\n");
    }));
    origin.send("HTTP/1.1 200 OK\r\n\r\nhel");
    std::string response;
    REQUIRE(on.run_until([&] {
        client.receive(response);
        return response.ends_with("hel");
    }));
    client.finish();
    REQUIRE(on.run_until([&] { return client.receive(response); }));
    CHECK(client.was_reset());
    CHECK(on.is_clean_after(client));
}

TEST_CASE("a client that resets at any step leaves nothing behind", "[script]") {
    auto const turns = GENERATE(range(0, 12));
    stage on;
    peer client = on.connect_client();
    client.send(get);
    peer origin;
    std::string asked;
    for (int turn = 0; turn < turns; ++turn) {
        on.core().post([] {});
        on.run_until([once = false]() mutable { return std::exchange(once, true); });
        if (on.origin_was_asked()) origin = on.accept_origin();
        if (origin.is_open()) {
            origin.receive(asked);
            if (turn == 8) origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        }
    }
    client.reset();
    CHECK(on.run_until([&] { return on.shard().open_sessions() == 0; }));
    CHECK(on.is_clean_after(client));
}

// SPDX-License-Identifier: Apache-2.0
// The blocking client of start-up and helper threads, with servers that answer strangely.
#include "net/plain_get.hpp"

#include "support/imposter_origin.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway;
using namespace gateway::support;
using net::plain_get;

namespace {

// What is made of an answer that ends with the connection.
net::plain_answer answer_to(std::string const& bytes) {
    imposter_origin origin{[&](origin_connection& connection) {
        connection.receive_request_head();
        connection.send(bytes);
    }};
    return plain_get("http://" + origin.endpoint() + "/x", 5s);
}

}  // namespace

TEST_CASE("an answer with a length counts only when it is whole", "[unit][plain_get]") {
    std::string const answer = "HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 4 \r\n\r\nfine";
    for (std::size_t at = 0; at <= answer.size(); ++at) {
        auto const got = answer_to(answer.substr(0, at));
        CAPTURE(at, got.failure);
        bool const whole = at == answer.size();
        CHECK(got.status == (whole ? 200 : 0));
        CHECK(got.body == (whole ? "fine" : ""));
        CHECK(got.failure.empty() == whole);
    }
}

TEST_CASE("an answer without a length ends with its connection", "[unit][plain_get]") {
    auto const got = answer_to("HTTP/1.0 503 Later\r\nRetry-After: 3\r\n\r\nnot ready");
    CHECK(got.status == 503);
    CHECK(got.body == "not ready");
    CHECK(got.head == "HTTP/1.0 503 Later\r\nRetry-After: 3\r\n");
}

TEST_CASE("bytes behind the length are not the answer's", "[unit][plain_get]") {
    CHECK(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine and more").body == "fine");
}

TEST_CASE("what is no HTTP is no answer", "[unit][plain_get]") {
    for (std::string const bytes :
         {"", "hello\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nfine",
          "HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\nfine"}) {
        auto const got = answer_to(bytes);
        CAPTURE(bytes);
        CHECK(got.status == 0);
        CHECK_FALSE(got.failure.empty());
    }
}

TEST_CASE("an address cannot put a line of its own into the request", "[unit][plain_get]") {
    for (std::string const url :
         {"http://127.0.0.1:1/a\r\nX: 1", "http://127.0.0.1:1/a b", "http://127.0.0.1\n:1/",
          "http://127.0.0.1:1/\x7f"}) {
        CHECK(plain_get(url, 1s).failure == "not an address of the form http://HOST:PORT/PATH");
    }
}

// SPDX-License-Identifier: Apache-2.0
// The limits of a demo origin, tried on one that has small ones.
#include "demo/http_origin.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <catch2/catch.hpp>

#include <thread>

namespace {

using namespace gateway;
using support::get_request;
using support::raw_client;

// An origin of one answer, for its limits.
class limited_origin {
public:
    explicit limited_origin(demo::http_origin::limits allowed)
        : origin_(context_, "test", answer, allowed) {
        origin_.start();
        thread_ = std::thread([this] { context_.run(); });
    }
    ~limited_origin() {
        boost::asio::post(context_, [this] { origin_.stop(); });
        thread_.join();
    }
    std::uint16_t port() const { return origin_.port(); }

private:
    static demo::awaitable<void> answer(demo::connection& client) {
        demo::response const plain;
        co_await client.reply(plain, "hello");
    }

    boost::asio::io_context context_{1};
    demo::http_origin origin_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("a client that says nothing is let go after the idle time", "[unit][demo]") {
    limited_origin const origin({.connections = 8, .idle = 1s});
    raw_client silent{origin.port()};
    raw_client halfway{origin.port()};
    raw_client done{origin.port()};
    done.send(get_request("/"));
    halfway.send("GET / HTT");
    CHECK(done.receive().body == "hello");
    CHECK(silent.closed_by_peer());
    CHECK(halfway.closed_by_peer());
    CHECK(done.closed_by_peer());
}

TEST_CASE("a client beyond the limit is served when another one leaves", "[unit][demo]") {
    limited_origin const origin({.connections = 1, .idle = 60s});
    raw_client first{origin.port()};
    first.send(get_request("/"));
    CHECK(first.receive().status() == 200);
    raw_client second{origin.port()};
    second.send(get_request("/"));
    first.close();
    CHECK(second.receive().status() == 200);
}

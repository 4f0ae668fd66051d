// SPDX-License-Identifier: Apache-2.0
#include "admin/admin_server.hpp"

#include "support/captured_stderr.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace gateway;
using admin::admin_server;
using support::get_request;
using support::raw_client;

namespace {

// The server on a control thread of its own.
class running_server {
public:
    running_server() = default;
    ~running_server() { stop(); }
    running_server(running_server const&) = delete;
    running_server& operator=(running_server const&) = delete;

    std::uint16_t port() const { return port_; }
    // Returns when the context has run out of work.
    void stop() {
        if (!thread_.joinable()) return;
        boost::asio::post(context_, [this] { server_.stop(); });
        thread_.join();
    }

    std::atomic<bool> live{true};
    std::atomic<bool> ready{true};
    std::atomic<bool> metrics_fail{false};
    std::atomic<unsigned> never_asked{0};

private:
    admin::admin_sources sources() {
        return {
            [this](std::string_view) -> admin::metrics_reply {
                if (metrics_fail) throw std::runtime_error{"no figures today"};
                return {"text/plain; version=0.0.4; charset=utf-8", "up 1\n"};
            },
            [this] {
                return admin::readiness{live, live ? "" : "core 1 has not answered for 1200 ms"};
            },
            [this] {
                return admin::readiness{ready, ready ? "" : "draining"};
            },
            [this](admin::admin_request const& asked, admin::admin_sources::answered done) {
                if (asked.path == "/later") {
                    boost::asio::post(context_, [done] { done({.body = "later\n"}); });
                } else if (asked.path == "/never") {
                    kept_.push_back(done);
                    ++never_asked;
                } else {
                    done(admin::refusal(404, "Nothing is here."));
                }
            }};
    }

    std::vector<admin::admin_sources::answered> kept_;
    boost::asio::io_context context_{1};
    admin_server server_{context_, {"127.0.0.1", 0}, sources()};
    std::uint16_t port_ = server_.port();
    std::thread thread_{[this] {
        server_.start();
        context_.run();
    }};
};

support::message ask(running_server const& server, std::string const& target) {
    return support::get(server.port(), target);
}

}  // namespace

TEST_CASE("metrics and health are served under their paths", "[unit][admin_server]") {
    running_server server;
    auto const metrics = ask(server, "/metrics");
    CHECK(metrics.status() == 200);
    CHECK(metrics.value("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(metrics.value("Cache-Control") == "no-store");
    CHECK(metrics.body == "up 1\n");
    CHECK(ask(server, "/metrics?name=up").body == "up 1\n");
    CHECK(ask(server, "/livez").status() == 200);
    CHECK(ask(server, "/readyz").status() == 200);
    CHECK(ask(server, "/readyz").body == "ready\n");
}

TEST_CASE("health that is not well answers 503 and says why", "[unit][admin_server]") {
    running_server server;
    server.ready = false;
    CHECK(ask(server, "/readyz").status() == 503);
    CHECK(ask(server, "/readyz").body == "draining\n");
    CHECK(ask(server, "/livez").status() == 200);
    server.live = false;
    CHECK(ask(server, "/livez").status() == 503);
    CHECK(ask(server, "/livez").body == "core 1 has not answered for 1200 ms\n");
}

TEST_CASE("what is not there is refused", "[unit][admin_server]") {
    running_server server;
    CHECK(ask(server, "/metrics/").status() == 404);
    CHECK(ask(server, "/../metrics").status() == 404);
    auto const post = support::ask(server.port(), "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(post.status() == 405);
    CHECK(post.value("Allow") == "GET, HEAD");
}

TEST_CASE(
    "a page may be answered later, and one that never is ends as 503", "[unit][admin_server]") {
    running_server server;
    CHECK(ask(server, "/later").body == "later\n");
    auto const never = ask(server, "/never");
    CHECK(never.status() == 503);
    CHECK(never.body.find("in time") != std::string::npos);
}

TEST_CASE("a source that throws is a 500 and not the end", "[unit][admin_server]") {
    support::captured_stderr const log;
    running_server server;
    server.metrics_fail = true;
    CHECK(ask(server, "/metrics").status() == 500);
    CHECK(log.text().find("admin: /metrics failed: no figures today") != std::string::npos);
    server.metrics_fail = false;
    CHECK(ask(server, "/metrics").status() == 200);
}

TEST_CASE("HEAD tells the length and sends no body", "[unit][admin_server]") {
    running_server server;
    raw_client client{server.port()};
    client.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    auto const head = client.receive_only_head();
    CHECK(head.status() == 200);
    CHECK(head.value("Content-Length") == "5");
    // The next answer follows at once, so nothing came between.
    client.send(get_request("/livez"));
    CHECK(client.receive().body == "live\n");
}

TEST_CASE("a connection serves many requests, also sent together", "[unit][admin_server]") {
    running_server server;
    raw_client client{server.port()};
    for (int i = 0; i < 3; ++i) {
        client.send(get_request("/metrics"));
        CHECK(client.receive().status() == 200);
    }
    client.send(get_request("/livez") + get_request("/nothing"));
    CHECK(client.receive().status() == 200);
    CHECK(client.receive().status() == 404);
    client.send(get_request("/livez", "Connection: close\r\n"));
    CHECK(client.receive().status() == 200);
    CHECK(client.closed_by_peer());
}

TEST_CASE(
    "requests that are malformed, too long or with a body are refused", "[unit][admin_server]") {
    running_server server;
    auto const request = GENERATE(
        std::string{"nonsense\r\n\r\n"},
        "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(10'000, 'x') + "\r\n\r\n",
        std::string{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"});
    CAPTURE(request.substr(0, 60));
    raw_client client{server.port()};
    client.send(request);
    CHECK(client.receive().status() == 400);
    CHECK(client.closed_by_peer());
}

TEST_CASE("at the limit the connection idle for longest makes room", "[unit][admin_server]") {
    running_server server;
    std::vector<raw_client> clients;
    for (int i = 0; i < 32; ++i) {
        clients.emplace_back(server.port());
        // An answer proves that the connection has its place.
        clients.back().send(get_request("/livez"));
        REQUIRE(clients.back().receive().status() == 200);
    }
    raw_client one_more{server.port()};
    one_more.send(get_request("/livez"));
    CHECK(one_more.receive().status() == 200);
    CHECK(clients.front().closed_by_peer());
    clients.back().send(get_request("/livez"));
    CHECK(clients.back().receive().status() == 200);
}

TEST_CASE(
    "connections beyond the limit are closed while none is idle, and a place is given again",
    "[unit][admin_server]") {
    running_server server;
    std::vector<raw_client> clients;
    for (unsigned i = 0; i < 32; ++i) {
        clients.emplace_back(server.port());
        clients.back().send(get_request("/never"));
    }
    auto const limit = clock::now() + support::patience(5s);
    while (server.never_asked < 32 && clock::now() < limit) std::this_thread::yield();
    REQUIRE(server.never_asked == 32);
    raw_client one_more{server.port()};
    CHECK(one_more.closed_by_peer());

    CHECK(clients.front().receive().status() == 503);
    raw_client next{server.port()};
    next.send(get_request("/livez"));
    CHECK(next.receive().status() == 200);
}

TEST_CASE("a request split at any byte gets the same answer", "[unit][admin_server]") {
    running_server server;
    std::string const request = "GET /readyz?a=b HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n";
    raw_client client{server.port()};
    client.send(request);
    auto const whole = client.receive();
    CHECK(whole.status() == 200);
    for (std::size_t at = 1; at < request.size(); ++at) {
        client.send(request.substr(0, at));
        client.send(request.substr(at));
        auto const got = client.receive();
        CAPTURE(at);
        CHECK(got.head == whole.head);
        CHECK(got.body == whole.body);
    }
}

TEST_CASE("a request cut off at any byte harms nobody", "[unit][admin_server]") {
    running_server server;
    std::string const request = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    for (std::size_t at = 0; at < request.size(); ++at) {
        raw_client ends{server.port()};
        ends.send(request.substr(0, at));
        ends.half_close();
        std::string const got = ends.receive_to_end();
        CHECK((got.empty() || got.starts_with("HTTP/1.1 400 ")));
        raw_client breaks{server.port()};
        breaks.send(request.substr(0, at));
        breaks.reset();
    }
    CHECK(ask(server, "/livez").body == "live\n");
}

TEST_CASE("stopping closes the listener and every connection", "[unit][admin_server]") {
    running_server server;
    raw_client client{server.port()};
    client.send(get_request("/livez"));
    CHECK(client.receive().status() == 200);
    raw_client silent{server.port()};
    server.stop();
    CHECK(client.closed_by_peer());
    CHECK(silent.closed_by_peer());
    CHECK_THROWS_AS(raw_client{server.port()}, support::connect_refused);
}

TEST_CASE(
    "an address in use or not an address stops the start with its name", "[unit][admin_server]") {
    running_server server;
    boost::asio::io_context context{1};
    auto const taken = std::to_string(server.port());
    CHECK_THROWS_WITH(
        (admin_server{context, {"127.0.0.1", server.port()}, {}}),
        Catch::Contains("cannot listen for admin requests on 127.0.0.1:" + taken) &&
            Catch::Contains("in use"));
    CHECK_THROWS_AS((admin_server{context, {"metrics.example.com", 9113}, {}}), std::system_error);
}

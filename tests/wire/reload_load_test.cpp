// SPDX-License-Identifier: Apache-2.0
// Fifty reloads under load, and then SIGTERM: requests at full speed, uploads, downloads and
// WebSockets, and not one of them notices but by a goodbye. Ten seconds of reloads;
// GATEWAY_RELOAD_SECONDS=60 makes it the minute that is promised.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/lean_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"
#include "support/switching_origin.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

namespace gateway::support {
namespace {

constexpr int reload_count = 50;

std::chrono::seconds test_length() {
    char const* const asked = std::getenv("GATEWAY_RELOAD_SECONDS");
    return std::chrono::seconds{asked == nullptr ? 10 : std::stoi(asked)};
}

std::string const going_away{"\x03\xe9"};

constexpr std::uint64_t transfer_bytes = 300'000;

// Takes bodies of the pattern and sends them back; says so when one came other than it was sent.
void mirror_body(origin_connection& connection, message const& request) {
    pattern_check arrived;
    arrived.take(request.body);
    if (!arrived.is(transfer_bytes)) {
        connection.send("HTTP/1.1 422 Wrong Bytes\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    connection.send(imposter_origin::ok(request.body));
}

// What the clients count, and the first complaint of each.
struct verdict {
    std::atomic<std::uint64_t> fine{0};
    std::atomic<std::uint64_t> failed{0};
    std::mutex mutex;
    std::vector<std::string> complaints;

    void complain(std::string const& what) {
        ++failed;
        std::lock_guard const guard{mutex};
        if (complaints.size() < 10) complaints.push_back(what);
    }
};

// Runs `work` again and again until it is over; what it throws is a failure.
template <class Work>
void repeat(std::atomic<bool> const& over, verdict& to, std::string const& name, Work work) {
    while (!over) {
        try {
            work();
            ++to.fine;
        } catch (std::exception const& failed) {
            to.complain(name + ": " + failed.what());
        }
    }
}

void expect_status(message const& answer, int wanted) {
    if (answer.status() != wanted) throw std::runtime_error{answer.start_line + answer.body};
}

// One kept-alive connection each. The gateway closes none of them before it stops, and then with
// notice: a request that finds its connection closed is a failure here.
void ask_quickly(
    std::uint16_t port,
    std::atomic<bool> const& over,
    std::atomic<bool> const& stops,
    verdict& to) {
    std::optional<raw_client> client;
    repeat(over, to, "quick", [&] {
        try {
            if (!client) client.emplace(port);
            client->send(get_request("/quick"));
            auto const answer = client->receive();
            expect_status(answer, 200);
            if (answer.value("Connection") != "close") return;
            if (!stops) throw std::runtime_error{"a goodbye before its time"};
            client.reset();
        } catch (...) {
            client.reset();
            throw;
        }
    });
}

void transfer(std::uint16_t port, std::atomic<bool> const& over, verdict& to) {
    repeat(over, to, "transfer", [&] {
        raw_client client{port};
        client.send(
            "POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(transfer_bytes) +
            "\r\n\r\n");
        pattern_source source;
        for (std::uint64_t sent = 0; sent < transfer_bytes;) {
            auto const piece = source.next(std::min<std::uint64_t>(transfer_bytes - sent, 30'000));
            client.send(piece);
            sent += piece.size();
            std::this_thread::sleep_for(10ms);  // several reloads pass within one
        }
        pattern_check back;
        auto const answer = client.receive([&](std::string_view bytes) { back.take(bytes); });
        expect_status(answer, 200);
        if (!back.is(transfer_bytes)) throw std::runtime_error{"other bytes came back"};
    });
}

// Lives until the gateway says that it goes away (RFC 6455 7.4.1), and not longer.
void talk(std::uint16_t port, verdict& to, std::atomic<int>& farewells) {
    try {
        web_socket socket{port, "/chat"};
        for (std::uint64_t said = 0;; ++said) {
            std::string const word = "word " + std::to_string(said);
            socket.send(web_socket::opcode::text, word);
            auto heard = socket.receive();
            if (heard.kind == web_socket::opcode::text && heard.payload == word) {
                ++to.fine;
                std::this_thread::sleep_for(5ms);  // a chat's pace, so that others get the core
                continue;
            }
            if (heard.kind != web_socket::opcode::close || heard.payload != going_away) {
                throw std::runtime_error{"another word came back"};
            }
            socket.send(web_socket::opcode::close, heard.payload);
            ++farewells;
            return;
        }
    } catch (std::exception const& failed) {
        to.complain(std::string{"socket: "} + failed.what());
    }
}

// Goes on sending requests for as long as a load balancer takes to notice.
void await_balancer(gateway_process const& gateway) {
    auto const limit = steady::now() + patience();
    while (get(gateway.admin_port(), "/readyz", "Connection: close\r\n").status() != 503) {
        REQUIRE(steady::now() < limit);
    }
    std::this_thread::sleep_for(1s);  // its next checks fail, too
}

struct stage {
    post_ledger ledger;
    lean_origin one{"127.0.0.1", 0, ledger, 0ms};
    lean_origin two{"127.0.0.1", 0, ledger, 0ms};
    lean_origin three{"127.0.0.1", 0, ledger, 0ms};
    imposter_origin chat{[](origin_connection& connection) {
        connection.receive_request();
        echo_frames(connection);
    }};
    imposter_origin files;

    stage() { files.when("/files", mirror_body); }

    static std::string at(lean_origin const& which) {
        return "127.0.0.1:" + std::to_string(which.port());
    }

    // Ten different ones: endpoints come and go, upstreams are renamed, limits, time-outs, edits
    // and the log change, routes are added and their order turns.
    configuration settings(int variant) const {
        std::vector<std::string> quick{at(one)};
        if (variant % 2 == 1) quick = {at(two), at(three)};
        if (variant % 3 == 2) quick = {at(one), at(three)};
        std::string const name = variant % 5 == 4 ? "renamed" : "quick";
        std::string more;
        if (variant % 4 == 1)
            more = ", balance: { method: least_requests }, retries: { extra_tries: 3 }";
        if (variant % 4 == 2) more = ", host: elsewhere.test, keep_alive: { max_age: 2s }";
        if (variant % 4 == 3) more = ", health_check: { type: tcp, interval: 200ms }";
        configuration made;
        made.upstream(name, quick, more);
        made.upstream("chat", {chat.endpoint()});
        made.upstream("files", {files.endpoint()});
        if (variant % 2 == 0) made.route("prefix: /extra, upstream: " + name);
        made.route("prefix: /files, upstream: files, limits: { body: 1MiB }");
        made.route(
            "prefix: /, upstream: " + name + ", response_headers: { set: { x-variant: \"" +
            std::to_string(variant) + "\" } }");
        made.route("path: /chat, upstream: chat");
        made.runtime("threads: 2");
        made.limits("body: " + std::to_string(1 + variant) + "MiB, header_fields: 64");
        made.timeouts(
            "response_head: " + std::to_string(20 + variant) +
            "s, lame_duck: 5s, keep_alive: " + std::to_string(60 + variant) + "s");
        made.logging(variant % 3 == 0 ? "access: \"off\"" : "access: logfmt, access_sample: 100");
        return made;
    }
};

}  // namespace

TEST_CASE(
    "fifty reloads and a stop under load fail no request and break no tunnel", "[wire][reload]") {
    stage behind;
    gateway_process gateway{behind.settings(0)};
    verdict result;
    std::atomic<bool> over{false};
    std::atomic<bool> stops{false};
    std::atomic<int> farewells{0};
    std::vector<std::thread> clients;
    std::uint16_t const port = gateway.port();
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back([&] { ask_quickly(port, over, stops, result); });
    }
    for (int i = 0; i < 4; ++i) clients.emplace_back([&] { transfer(port, over, result); });
    for (int i = 0; i < 4; ++i) clients.emplace_back([&] { talk(port, result, farewells); });

    auto const pause = std::chrono::duration_cast<milliseconds>(test_length()) / reload_count;
    auto next = steady::now() + pause;
    int refused = 0;
    for (int i = 1; i <= reload_count; ++i) {
        std::this_thread::sleep_until(next);
        next += pause;
        if (i % 10 == 7) {
            gateway.reload_in_vain(behind.settings(i).text() + "nonsense: true\n");
            ++refused;
        } else {
            gateway.reload(behind.settings(i));
        }
    }
    auto const metrics = gateway.metrics();
    auto const variant = get(port, "/quick").value("x-variant");
    stops = true;
    gateway.signal(SIGTERM);
    await_balancer(gateway);
    over = true;
    for (auto& each : clients) each.join();
    CHECK(gateway.wait_exit() == 0);

    for (auto const& each : result.complaints) UNSCOPED_INFO(each);
    CHECK(result.failed == 0);
    CHECK(farewells == 4);
    std::cout << "  " << result.fine << " requests, transfers and words over " << reload_count
              << " reloads\n";
    CHECK(result.fine > 500);
    CHECK(behind.chat.connections() == 4);
    CHECK(metrics.sum("gateway_config_generation") == 1 + reload_count - refused);
    CHECK(metrics.sum("gateway_config_reloads_total", {{"result", "failure"}}) == refused);
    CHECK(metrics.sum("gateway_errors_total") == 0);
    CHECK(variant == std::to_string(reload_count));
    CHECK_THAT(gateway.log(), Catch::Contains("0 connections cut"));
}

}  // namespace gateway::support

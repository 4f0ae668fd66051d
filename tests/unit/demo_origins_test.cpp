// SPDX-License-Identifier: Apache-2.0
// The demo's two origins, asked over real sockets.
#include "base/units.hpp"
#include "demo_asking.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

using namespace gateway;
using namespace gateway::demo;
using namespace std::string_literals;
using Catch::Contains;
using support::get_request;
using support::post_request;
using support::raw_client;

namespace {

std::size_t resident_peak_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
    }
    return 0;
}

}  // namespace

TEST_CASE("every route of the application is answered with the page", "[unit][demo]") {
    running_origins const running;
    auto const page = running.frontend("/");
    CHECK(page.status() == 200);
    CHECK(page.value("Content-Type") == "text/html; charset=utf-8");
    CHECK(page.value("Cache-Control") == "no-cache");
    CHECK_THAT(page.body, Contains("<title>"));
    auto const target = GENERATE("/shop/42", "/shop/", "/about?from=mail.html");
    CAPTURE(target);
    auto const route = running.frontend(target);
    CHECK(route.status() == 200);
    CHECK(route.body == page.body);
}

TEST_CASE("the page's assets have their types and unknown ones are missing", "[unit][demo]") {
    running_origins const running;
    auto const [target, status, type] = GENERATE(table<std::string, int, std::string>({
        {"/assets/app.css", 200, "text/css; charset=utf-8"},
        {"/assets/app.js", 200, "text/javascript; charset=utf-8"},
        {"/favicon.svg", 200, "image/svg+xml"},
        {"/assets/app.map", 404, "application/json"},
        {"/assets/none", 404, "application/json"},
        {"/favicon.ico", 404, "application/json"},
    }));
    CAPTURE(target);
    auto const answer = running.frontend(target);
    CHECK(answer.status() == status);
    CHECK(answer.value("Content-Type") == type);
}

TEST_CASE("the page weighs less than 25 KiB with its assets", "[unit][demo]") {
    running_origins const running;
    std::uint64_t bytes = 0;
    for (auto const* const target : {"/", "/assets/app.css", "/assets/app.js", "/favicon.svg"}) {
        bytes += running.frontend(target).body_bytes;
    }
    CHECK(bytes < 25 * 1024);
}

TEST_CASE("an asset that the client holds is not sent again", "[unit][demo]") {
    running_origins const running;
    auto const tag = running.frontend("/assets/app.js").value("ETag");
    auto const list = GENERATE("TAG", "W/TAG", "\"other\", TAG", "*");
    auto fields = "If-None-Match: "s + list + "\r\n";
    if (auto const at = fields.find("TAG"); at != fields.npos) fields.replace(at, 3, tag);
    CAPTURE(fields);
    auto const answer = running.frontend("/assets/app.js", fields);
    CHECK(answer.status() == 304);
    CHECK(answer.value("ETag") == tag);
    CHECK_FALSE(answer.has("Content-Length"));
    CHECK(running.frontend("/assets/app.js", "If-None-Match: \"other\"\r\n").status() == 200);
}

TEST_CASE("a HEAD is answered like its GET, without the body", "[unit][demo]") {
    running_origins const running;
    raw_client client{running.frontend_port()};
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + get_request("/"));
    auto const head = client.receive_only_head();
    auto const get = client.receive();
    CHECK(head.status() == 200);
    CHECK(head.value("Content-Length") == std::to_string(get.body.size()));
    CHECK(head.value("ETag") == get.value("ETag"));
}

TEST_CASE("methods a resource does not take are refused with those it does", "[unit][demo]") {
    running_origins const running;
    auto const page = support::ask(running.frontend_port(), post_request("/", "x"));
    CHECK(page.status() == 405);
    CHECK(page.value("Allow") == "GET, HEAD");
    CHECK(running.ask(post_request("/api/health", "x")).value("Allow") == "GET, HEAD");
    CHECK(running.ask(post_request("/uploads/a", "x")).value("Allow") == "GET, HEAD, PUT, DELETE");
}

TEST_CASE("health and products are JSON", "[unit][demo]") {
    running_origins const running;
    auto const health = running.backend("/api/health");
    CHECK(health.status() == 200);
    CHECK(health.value("Content-Type") == "application/json");
    CHECK(health.count("Date") == 1);
    CHECK_THAT(health.body, Contains(R"("status":"ok")"));
    CHECK_THAT(running.backend("/api/products").body, Contains(R"("name":"Linen notebook")"));
    CHECK(running.backend("/api/none").status() == 404);
}

TEST_CASE("an echo without a body tells the request's head", "[unit][demo]") {
    running_origins const running;
    auto const answer = running.backend(
        "/api/echo?a=\"1\"", "X-Forwarded-For: 10.0.0.1\r\nVia: 1.1 a\r\nvia: 1.1 b\r\n");
    CHECK(answer.status() == 200);
    CHECK_THAT(answer.body, Contains(R"("method":"GET","target":"/api/echo?a=\"1\"")"));
    CHECK_THAT(answer.body, Contains(R"("X-Forwarded-For":"10.0.0.1","Via":"1.1 a, 1.1 b"})"));
}

TEST_CASE("an echo has the body, its type and its framing", "[unit][demo]") {
    running_origins const running;
    SECTION("of a known length") {
        auto const answer =
            running.ask(post_request("/api/echo", "hello", "Content-Type: text/x-odd\r\n"));
        CHECK(answer.body == "hello");
        CHECK(answer.value("Content-Type") == "text/x-odd");
        CHECK(answer.value("Content-Length") == "5");
    }
    SECTION("in chunks, each sent back before the next one comes") {
        raw_client client{running.backend_port()};
        client.send("BREW /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send_chunk("one");
        CHECK(client.receive_only_head().value("Transfer-Encoding") == "chunked");
        CHECK(client.receive_chunk() == "one");
        client.send_chunk("two");
        CHECK(client.receive_chunk() == "two");
        client.send("0\r\n\r\n" + get_request("/api/health"));
        client.send("0\r\n\r\n");
        CHECK(client.receive_chunk().empty());
        CHECK(client.receive_bytes(2) == "\r\n");
        client.send(get_request("/api/health"));
        CHECK(client.receive().status() == 200);
    }
    SECTION("to an HTTP/1.0 client, which knows no chunks") {
        raw_client client{running.backend_port()};
        client.send("POST /api/echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi");
        auto const answer = client.receive();
        CHECK(answer.body == "hi");
        CHECK_FALSE(answer.has("Transfer-Encoding"));
        CHECK(client.closed_by_peer());
    }
}

TEST_CASE("a client that asks may send its body, before the final head", "[unit][demo]") {
    running_origins const running;
    raw_client client{running.backend_port()};
    client.send(
        "PUT /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(client.receive_only_head().status() == 100);
    client.send("hi");
    CHECK(client.receive().body == "hi");
}

TEST_CASE("64 MiB are echoed while they are sent, in constant memory", "[unit][demo]") {
    // Sanitizers keep what is freed for a while: they look at the path, not at the memory.
    std::uint64_t const size = support::sanitized ? 8_MiB : 64_MiB;
    running_origins const running;
    raw_client client{running.backend_port()};
    client.send("POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    support::pattern_source sent;
    support::pattern_check received;
    std::ofstream("/proc/self/clear_refs") << '5';  // begins a new peak (proc(5))
    auto const before = resident_peak_kib();
    std::thread sender([&] {
        for (std::uint64_t left = size; left > 0;) {
            auto const piece = sent.next(std::min<std::uint64_t>(left, 100'000));
            client.send_chunk(piece);
            left -= piece.size();
        }
        client.send("0\r\n\r\n");
    });
    auto const answer = client.receive([&](std::string_view bytes) { received.take(bytes); });
    sender.join();
    CHECK(answer.status() == 200);
    CHECK(received.is(size));
    if (!support::sanitized) CHECK(resident_peak_kib() - before < 16 * 1024);
}

TEST_CASE("any status is answered, with a body only where one may be", "[unit][demo]") {
    running_origins const running;
    auto const [status, has_length, has_body] = GENERATE(table<int, bool, bool>({
        {200, true, true},
        {204, false, false},
        {205, true, false},
        {304, false, false},
        {404, true, true},
        {599, true, true},
    }));
    CAPTURE(status);
    raw_client client{running.backend_port()};
    client.send(get_request("/api/status/" + std::to_string(status)) + get_request("/api/health"));
    auto const answer = client.receive();
    CHECK(answer.status() == status);
    CHECK(answer.body.empty() != has_body);
    CHECK(answer.value("Content-Length") == (has_length ? std::to_string(answer.body.size()) : ""));
    CHECK_FALSE(answer.has("Transfer-Encoding"));
    CHECK(client.receive().status() == 200);
}

TEST_CASE("an interim status comes before a final one", "[unit][demo]") {
    running_origins const running;
    raw_client client{running.backend_port()};
    client.send(get_request("/api/status/103"));
    CHECK(client.receive_only_head().status() == 103);
    CHECK(client.receive().status() == 200);
    auto const wrong = GENERATE("101", "99", "600", "", "-1", "2x");
    CAPTURE(wrong);
    CHECK(running.backend("/api/status/"s + wrong).status() == 400);
}

TEST_CASE("a slow answer takes the time that was asked for", "[unit][demo]") {
    running_origins const running;
    auto const begun = support::steady::now();
    CHECK(running.backend("/api/slow?x=1&ms=30").status() == 200);
    CHECK(support::steady::now() - begun >= support::milliseconds(30));
    auto const wrong = GENERATE("600001", "soon", "");
    CHECK(running.backend("/api/slow?ms="s + wrong).status() == 400);
}

TEST_CASE("requests sent ahead are answered in their order", "[unit][demo]") {
    running_origins const running;
    raw_client client{running.backend_port()};
    client.send(
        get_request("/api/slow?ms=20") + post_request("/api/echo", "second") +
        post_request("/api/products", "unread") + get_request("/api/status/204") +
        get_request("/api/slow?ms=0"));
    CHECK(client.receive().body == "{\"waited_ms\":20}\n");
    CHECK(client.receive().body == "second");
    CHECK(client.receive().status() == 405);
    CHECK(client.receive().status() == 204);
    CHECK(client.receive().body == "{\"waited_ms\":0}\n");
}

TEST_CASE("events come with their numbers, after the last one seen", "[unit][demo]") {
    running_origins const running;
    raw_client client{running.backend_port()};
    auto const begun = support::steady::now();
    client.send(get_request("/api/events", "Last-Event-ID: 41\r\n"));
    auto const head = client.receive_only_head();
    CHECK(head.value("Content-Type") == "text/event-stream");
    CHECK_THAT(client.receive_chunk(), Catch::StartsWith("id: 42\ndata: {\"id\":42,"));
    CHECK_THAT(client.receive_chunk(), Catch::StartsWith("id: 43\n"));
    CHECK(support::steady::now() - begun >= support::milliseconds(1000));
}

TEST_CASE("a WebSocket echoes text as text and binary as binary", "[unit][demo]") {
    using support::web_socket;
    running_origins const running;
    web_socket socket{running.backend_port(), "/api/ws"};
    auto const large = support::pattern_source{}.take(300'000);
    for (auto const* const text : {"hello", "", "again"}) {
        socket.send(web_socket::opcode::text, text);
        auto const back = socket.receive();
        CHECK(back.kind == web_socket::opcode::text);
        CHECK(back.payload == text);
    }
    socket.send(web_socket::opcode::binary, large);
    auto const back = socket.receive();
    CHECK(back.kind == web_socket::opcode::binary);
    CHECK((back.payload == large));
    CHECK(running.backend("/api/ws").status() == 426);
}

TEST_CASE("a head that is no HTTP or too large is refused", "[unit][demo]") {
    running_origins const running;
    auto const [request, status] = GENERATE(table<std::string, int>({
        {"nonsense\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400},
        {get_request("/api/health", "X: " + std::string(70'000, 'x') + "\r\n"), 431},
    }));
    raw_client client{running.backend_port()};
    client.send(request);
    CHECK(client.receive().status() == status);
    CHECK(client.closed_by_peer());
}

TEST_CASE("stopping ends what runs and removes the uploads", "[unit][demo]") {
    auto running = std::make_unique<running_origins>();
    auto const folder = running->uploads_folder();
    CHECK(running->ask(put_request("/uploads/a", "a")).status() == 201);
    raw_client idle{running->frontend_port()};
    raw_client slow{running->backend_port()};
    raw_client events{running->backend_port()};
    support::web_socket const socket{running->backend_port(), "/api/ws"};
    slow.send(get_request("/api/slow?ms=600000"));
    events.send(get_request("/api/events"));
    events.receive_only_head();
    running->stop();
    running->stop();
    running.reset();
    CHECK(slow.closed_by_peer());
    CHECK(idle.closed_by_peer());
    CHECK_FALSE(std::filesystem::exists(folder));
}

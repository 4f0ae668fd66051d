// SPDX-License-Identifier: Apache-2.0
// The demo's uploads, asked over real sockets.
#include "demo_asking.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <string_view>

using namespace gateway;
using namespace gateway::demo;
using namespace std::string_literals;
using Catch::Contains;
using support::get_request;
using support::post_request;
using support::raw_client;

TEST_CASE("a file put is listed, served and removed", "[unit][demo][uploads]") {
    running_origins const running;
    auto const made = running.ask(put_request("/uploads/a%20b.png", "first"));
    CHECK(made.status() == 201);
    CHECK(made.value("Location") == "/uploads/a%20b.png");
    CHECK(running.ask(put_request("/uploads/a%20b.png", "other")).status() == 200);
    CHECK_THAT(
        running.backend("/uploads/").body,
        Contains(R"("files":[{"name":"a b.png","bytes":5,"type":"image/png",)"
                 R"("url":"/uploads/a%20b.png"}])"));
    auto const served = running.backend("/uploads/a%20b.png");
    CHECK(served.body == "other");
    CHECK(served.value("Content-Type") == "image/png");
    CHECK(served.value("Content-Length") == "5");
    CHECK(running.ask("DELETE /uploads/a%20b.png HTTP/1.1\r\nHost: t\r\n\r\n").status() == 204);
    CHECK(running.backend("/uploads/a%20b.png").status() == 404);
}

TEST_CASE("a form's files are stored however its bytes arrive", "[unit][demo][uploads]") {
    running_origins const running;
    raw_client client{running.backend_port()};
    auto const piece_size = GENERATE(1U, 7U, 1'000'000U);
    auto const content = support::pattern_source{}.take(2'000) + "\r\n--not the boundary";
    auto const request = post_request("/uploads/", form(content, "../up.bin"), form_fields);
    client.send_in_pieces(request, piece_size);
    auto const answer = client.receive();
    CHECK(answer.status() == 201);
    CHECK_THAT(answer.body, Contains(R"("name":"up.bin","bytes":2020)"));
    CHECK((running.backend("/uploads/up.bin").body == content));
}

TEST_CASE("what is no form is refused and leaves nothing behind", "[unit][demo][uploads]") {
    running_origins const running;
    auto const cut = form("content", "a.txt").substr(0, 100);
    CHECK(running.ask(post_request("/uploads/", cut, form_fields)).status() == 400);
    CHECK(running.ask(post_request("/uploads/", "a=b")).status() == 415);
    CHECK(std::filesystem::is_empty(running.uploads_folder()));
}

TEST_CASE("a path that leads out of the uploads leads nowhere", "[unit][demo][uploads]") {
    running_origins const running;
    auto const target = GENERATE(
        "/uploads/../../etc/passwd", "/uploads/..%2F..%2Fetc%2Fpasswd", "/uploads/%2Fetc/passwd",
        "/uploads/.", "/uploads/%00");
    CHECK(running.backend(target).status() == 404);
    CHECK(running.ask(put_request(target, "mine")).status() < 300);
    auto const folder = std::filesystem::directory_iterator(running.uploads_folder());
    CHECK(std::distance(begin(folder), end(folder)) == 1);
}

TEST_CASE("more than there is room for is refused before it is sent", "[unit][demo][uploads]") {
    running_origins const running;
    raw_client client{running.backend_port()};
    client.send(
        "PUT /uploads/large HTTP/1.1\r\nHost: t\r\nContent-Length: 2147483649\r\n"
        "Expect: 100-continue\r\n\r\n");
    auto const answer = client.receive();
    CHECK(answer.status() == 507);
    CHECK(answer.value("Connection") == "close");
}

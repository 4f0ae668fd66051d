// SPDX-License-Identifier: Apache-2.0
// One JSON line on stdout for each request, with everything an operator asks first; and a stdout
// nobody reads holds up nobody.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/json_check.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <ctime>
#include <set>

namespace gateway::support {
namespace {

// As the last report in the log says.
std::size_t lines_dropped(gateway_process const& gateway) {
    std::string_view const label = "lines dropped: ";
    std::string_view const total = "since the start: ";
    auto const log = gateway.log();
    auto const report = log.rfind(label);
    if (report == std::string::npos) return 0;
    return std::stoul(log.substr(log.find(total, report) + total.size()));
}

}  // namespace

TEST_CASE("a line says what was asked, what was answered and by whom", "[wire][access-log]") {
    imposter_origin origin;
    origin.otherwise("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello");
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("name: everything, prefix: /, upstream: app")};
    auto const request = post_request(
        "/path?x=1", "0123456789", "User-Agent: teapot/1.0 \"quoted\"\r\nReferer: http://r/\r\n");
    raw_client client{gateway.port()};
    client.send(request);
    auto const response = client.receive();
    auto const line = gateway.wait_for_access_lines(1).at(0);
    CAPTURE(line.line());
    CHECK(line.text("time").size() == std::string_view{"2024-01-01T00:00:00.000Z"}.size());
    CHECK(line.text("request_id") == response.value("X-Request-Id"));
    CHECK(line.text("client") == "127.0.0.1");
    CHECK(line.text("method") == "POST");
    CHECK(line.text("host") == "test");
    CHECK(line.text("path") == "/path?x=1");
    CHECK(line.number("status") == 201);
    CHECK(line.number("bytes_in") == double(request.size()));
    CHECK(line.number("bytes_out") == double(response.head.size() + response.body.size()));
    CHECK(line.number("duration_ms") > 0);
    CHECK(line.number("duration_ms") < 10'000);
    CHECK(line.text("upstream") == "app");
    CHECK(line.text("endpoint") == origin.endpoint());
    CHECK(line.number("upstream_status") == 201);
    CHECK(line.number("upstream_ms") <= line.number("duration_ms"));
    CHECK(line.text("route") == "everything");
    CHECK(line.text("protocol") == "HTTP/1.1");
    CHECK(line.text("user_agent") == "teapot/1.0 \"quoted\"");
    CHECK(line.text("referer") == "http://r/");
    CHECK_FALSE(line.has("cause"));
}

TEST_CASE("a line of the gateway's own reply names the cause", "[wire][access-log]") {
    gateway_process gateway{
        configuration{}.upstream("app", {"127.0.0.1:1"}).route("prefix: /app/, upstream: app")};
    auto const refused = get(gateway.port(), "/app/x");
    CHECK(refused.status() == 502);
    auto const line = gateway.wait_for_access_line_of("/app/x");
    CHECK(line.number("status") == 502);
    CHECK(line.text("cause") == "connect_refused");
    CHECK(line.text("endpoint") == "127.0.0.1:1");
    CHECK(line.number("bytes_out") == double(refused.head.size() + refused.body.size()));
    CHECK(get(gateway.port(), "/nowhere").status() == 404);
    auto const lost = gateway.wait_for_access_line_of("/nowhere");
    CHECK(lost.text("cause") == "no_route");
    CHECK_FALSE(lost.has("endpoint"));
}

TEST_CASE("hostile bytes make no hostile line", "[wire][access-log]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    get(gateway.port(), "/\"}{<script>", "User-Agent: \xff\xfe\\\"\t\x80\r\n");
    ask(gateway.port(), "G\x01T /\x02\"\\ HTTP/1.1\r\nHost: t\r\n\r\n");
    ask(gateway.port(), "GET / HTTP/1.1\r\nHost: t\r\nUser-Agent: a\r\n\"status\":200\r\n\r\n");
    // Each line parses as one object with no name twice, or reading it throws.
    for (auto const& line : gateway.wait_for_access_lines(3)) {
        CAPTURE(line.line());
        CHECK(json_check::valid(line.line()));
        CHECK(line.number("status") >= 200);
    }
    CHECK(gateway.access_lines().size() == 3);
}

TEST_CASE("every request has exactly one line", "[wire][access-log]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).runtime("threads: 2")};
    std::set<std::string> expected;
    std::vector<raw_client> clients;
    for (int i = 0; i < 10; ++i) clients.emplace_back(gateway.port());
    for (int i = 0; i < 500; ++i) {
        auto& client = clients[static_cast<std::size_t>(i) % clients.size()];
        auto const path = '/' + std::to_string(i);
        client.send(get_request(path));
        REQUIRE(client.receive().status() == 200);
        expected.insert(path);
    }
    std::set<std::string> logged;
    auto const lines = gateway.wait_for_access_lines(500);
    for (auto const& line : lines) logged.insert(line.text("path"));
    CHECK(lines.size() == 500);
    CHECK(logged == expected);
}

TEST_CASE("the access log can be turned off", "[wire][access-log]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).logging("access: off")};
    CHECK(get(gateway.port(), "/").status() == 200);
    gateway.signal(15);
    CHECK(gateway.wait_exit() == 0);
    CHECK(gateway.access_lines().empty());
}

TEST_CASE("a stdout nobody reads holds up nobody, and losses are counted", "[wire][access-log]") {
    std::size_t const requests = 4'000;
    imposter_origin origin;
    gateway_process gateway{
        all_to(origin.endpoint()).logging("access_buffer: 16KiB"),
        {.environment = {}, .leave_stdout_unread = true}};
    raw_client client{gateway.port()};
    for (std::size_t i = 0; i < requests; ++i) {
        client.send(get_request("/" + std::string(100, 'x')));
        REQUIRE(client.receive().status() == 200);
    }
    CHECK(gateway.metrics().sum("gateway_access_log_lines_dropped_total") > 0);
    gateway.read_stdout_now();
    gateway.signal(15);
    CHECK(gateway.wait_exit() == 0);
    // Nothing is lost untold: whole lines, and as many as there were requests.
    CHECK(gateway.access_lines().size() + lines_dropped(gateway) == requests);
}

}  // namespace gateway::support

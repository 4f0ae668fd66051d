// SPDX-License-Identifier: Apache-2.0
// Endpoints that fail real requests are left out for a while, and come back.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>

namespace gateway::support {
namespace {

metrics_text::labels endpoint_of(imposter_origin const& origin) {
    return {{"upstream", "app"}, {"endpoint", origin.endpoint()}};
}

enum class illness { none, answers_503, resets, is_silent, answers_500 };

// An origin that is well, or ill in one way.
struct patient : imposter_origin {
    explicit patient(gate& end) {
        otherwise([this, &end](origin_connection& connection, message const&) {
            ++asked;
            switch (is.load()) {
                case illness::none: connection.send(ok("hello")); return;
                case illness::answers_503:
                    connection.send("HTTP/1.1 503 Unwell\r\nContent-Length: 0\r\n\r\n");
                    return;
                case illness::answers_500:
                    connection.send("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n");
                    return;
                case illness::resets: connection.reset(); return;
                case illness::is_silent:
                    end.wait();
                    connection.close();
                    return;
            }
        });
    }
    std::atomic<illness> is{illness::none};
    std::atomic<std::size_t> asked{0};
};

gateway_process with_endpoints(
    std::vector<std::string> const& endpoints, std::string const& more, int threads = 1) {
    return gateway_process{
        configuration{}
            .upstream("app", endpoints, more)
            .route("prefix: /, upstream: app, timeouts: { response_head: 100ms }")
            .runtime("threads: " + std::to_string(threads))};
}

}  // namespace

TEST_CASE("an endpoint that fails is ejected and returns", "[wire][ejection]") {
    auto const how = GENERATE(illness::answers_503, illness::resets, illness::is_silent);
    CAPTURE(static_cast<int>(how));
    gate end;
    patient good{end};
    patient bad{end};
    bad.is = how;
    auto gateway = with_endpoints(
        {good.endpoint(), bad.endpoint()},
        ", ejection: { time: 3s, time_max: 3s }, slow_start: { duration: 0 }");
    auto const ejected = "endpoint " + bad.endpoint() + " is ejected for 3 s";
    // Each request is either fine or one of the few that find the bad one.
    std::size_t refused = 0;
    for (int i = 0; i < 300 && gateway.log().find(ejected) == std::string::npos; ++i) {
        refused += get(gateway.port(), "/").status() == 200 ? 0 : 1;
    }
    gateway.wait_for_log(ejected);
    // Five, and those that come before the log line does on a busy machine.
    CHECK(refused <= 20);
    // The thread that serves hears of it a moment later.
    auto const limit = steady::now() + patience();
    for (int well = 0; well < 30 && steady::now() < limit;)
        well = get(gateway.port(), "/").status() == 200 ? well + 1 : 0;
    auto const before = bad.asked.load();
    auto const deadline = steady::now() + 1s;
    while (steady::now() < deadline) CHECK(get(gateway.port(), "/").status() == 200);
    CHECK(bad.asked.load() == before);
    CHECK(gateway.metrics().sum("gateway_endpoint_ejections_total", endpoint_of(bad)) == 1);
    CHECK(gateway.metrics().sum("gateway_endpoint_ejected", endpoint_of(bad)) == 1);

    bad.is = illness::none;
    end.open(1'000);
    gateway.wait_for_log("endpoint " + bad.endpoint() + " returns from its ejection");
    auto const until = steady::now() + patience();
    while (bad.asked.load() == before && steady::now() < until) get(gateway.port(), "/");
    CHECK(bad.asked.load() > before);
}

TEST_CASE("a refused connection counts as a failure", "[wire][ejection]") {
    gate end;
    patient good{end};
    std::string gone;
    {
        imposter_origin closed;
        gone = closed.endpoint();
    }
    auto gateway = with_endpoints({good.endpoint(), gone}, "");
    // The retry hides each of them from the client.
    for (int i = 0; i < 100; ++i) REQUIRE(get(gateway.port(), "/").status() == 200);
    gateway.wait_for_log("endpoint " + gone + " is ejected for 10 s");
}

TEST_CASE("the last endpoint is never ejected", "[wire][ejection]") {
    gate end;
    patient only{end};
    only.is = illness::answers_503;
    auto gateway = with_endpoints({only.endpoint()}, "");
    for (int i = 0; i < 30; ++i) REQUIRE(get(gateway.port(), "/").status() == 503);
    CHECK(only.asked.load() == 30);
    // The verdict is another thread's, and comes a moment after the response.
    gateway.wait_for_metric("gateway_endpoint_ejections_refused_total", 6, endpoint_of(only));
    CHECK(gateway.log().find("ejected") == std::string::npos);
}

TEST_CASE("at most half of the endpoints are ejected", "[wire][ejection]") {
    gate end;
    patient all[4]{patient{end}, patient{end}, patient{end}, patient{end}};
    std::vector<std::string> endpoints;
    for (patient& each : all) {
        each.is = illness::answers_503;
        endpoints.push_back(each.endpoint());
    }
    auto gateway = with_endpoints(endpoints, "");
    for (int i = 0; i < 200; ++i) REQUIRE(get(gateway.port(), "/").status() == 503);
    gateway.wait_for_metric("gateway_endpoint_ejected", 2, {{"upstream", "app"}});
    CHECK(gateway.metrics().sum("gateway_endpoint_ejections_total") == 2);
}

TEST_CASE("an ejection on one thread holds for all", "[wire][ejection]") {
    gate end;
    patient good{end};
    patient bad{end};
    bad.is = illness::answers_503;
    auto gateway = with_endpoints(
        {good.endpoint(), bad.endpoint()}, ", ejection: { time: 1m, time_max: 1m }", 3);
    for (int i = 0; i < 500 && gateway.log().find("is ejected") == std::string::npos; ++i) {
        get(gateway.port(), "/");
    }
    gateway.wait_for_log("is ejected for 60 s");
    // Connections fall to all threads; a verdict reaches each within moments.
    auto const until = steady::now() + patience();
    int well = 0;
    while (well < 60 && steady::now() < until) {
        well = get(gateway.port(), "/").status() == 200 ? well + 1 : 0;
    }
    CHECK(well == 60);
    CHECK(gateway.metrics().sum("gateway_endpoint_ejections_total") == 1);
}

TEST_CASE(
    "an endpoint that answers 500 far more often than the others is ejected", "[wire][ejection]") {
    gate end;
    patient good{end};
    patient bad{end};
    bad.is = illness::answers_500;
    auto gateway = with_endpoints({good.endpoint(), bad.endpoint()}, "");
    auto const until = steady::now() + patience(25s);
    std::string const found = "endpoint " + bad.endpoint() + " is ejected for 10 s: it fails";
    while (gateway.log().find(found) == std::string::npos && steady::now() < until) {
        get(gateway.port(), "/");
    }
    CHECK(gateway.log().find(found) != std::string::npos);
}

}  // namespace gateway::support

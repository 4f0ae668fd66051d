// SPDX-License-Identifier: Apache-2.0
// The settings of metrics: their defaults, and what is refused.
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gateway;
using namespace gateway::settings;

namespace {

loaded load(std::string const& metrics) {
    return load_text(
        "upstreams: {a: {endpoints: [x]}}\nroutes: [{prefix: /, upstream: a}]\n" + metrics,
        "g.yaml", [](std::string_view) { return std::nullopt; });
}

}  // namespace

TEST_CASE("every default of metrics is as documented", "[unit][settings]") {
    auto const found = load("").value->metrics;
    CHECK(
        found.buckets ==
        std::vector<milliseconds>{
            5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2'500ms, 5s, 10s, 30s, 60s});
    CHECK(found.series_max == 2'000);
    CHECK(found.nginx);
    CHECK_FALSE(found.cloudwatch);
    CHECK(found.cloudwatch_interval == 60s);
    CHECK(found.cloudwatch_namespace == "Gateway");
}

TEST_CASE("settings of metrics arrive in their members", "[unit][settings]") {
    auto const found = load(
        "metrics: {duration_buckets: [1ms, 1s], series: 50, nginx: off, cloudwatch: on, "
        "cloudwatch_interval: 10s, cloudwatch_namespace: Shop/Edge}\n");
    REQUIRE(found.value);
    CHECK(found.value->metrics.buckets == std::vector<milliseconds>{1ms, 1s});
    CHECK(found.value->metrics.series_max == 50);
    CHECK_FALSE(found.value->metrics.nginx);
    CHECK(found.value->metrics.cloudwatch);
    CHECK(found.value->metrics.cloudwatch_interval == 10s);
    CHECK(found.value->metrics.cloudwatch_namespace == "Shop/Edge");
}

TEST_CASE(
    "settings of metrics that make no sense are refused where they stand", "[unit][settings]") {
    auto const [text, place, expected] = GENERATE(table<std::string, std::string, std::string>({
        {"duration_buckets: [5ms, 5ms]", "metrics.duration_buckets",
         "more than the bucket before it, 5ms"},
        {"duration_buckets: [0ms, 5ms]", "metrics.duration_buckets",
         "more than the bucket before it, 0"},
        {"duration_buckets: []", "metrics.duration_buckets", "1 to 24"},
        {"series: 5", "metrics.series", "from 10 to 100000"},
        {"cloudwatch_namespace: AWS/ECS", "metrics.cloudwatch_namespace", "AWS/"},
        {"cloudwatch_namespace: \"a b\"", "metrics.cloudwatch_namespace", "letters"},
        {"cloudwatch_interval: 500ms", "metrics.cloudwatch_interval", "from 1s to 1h"},
    }));
    auto const found = load("metrics: {" + text + "}\n");
    CHECK_FALSE(found.value);
    REQUIRE(found.problems.size() == 1);
    auto const told = to_text(found.problems.front());
    CAPTURE(told);
    CHECK(told.find(place) != std::string::npos);
    CHECK(told.find(expected) != std::string::npos);
}

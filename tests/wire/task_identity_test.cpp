// SPDX-License-Identifier: Apache-2.0
// On ECS: what the task metadata endpoint says stands in metrics, log and CloudWatch's lines; and
// no start fails for it.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace gateway::support {
namespace {

constexpr auto task = R"({"Cluster":"arn:aws:ecs:eu-central-1:1:cluster/shop",)"
                      R"("TaskARN":"arn:aws:ecs:eu-central-1:1:task/shop/158d1c80",)"
                      R"("Family":"gateway","Revision":"7","ServiceName":"gateway-service",)"
                      R"("AvailabilityZone":"eu-central-1a"})";

process_options on_ecs(imposter_origin const& metadata) {
    return {
        .environment = {"ECS_CONTAINER_METADATA_URI_V4=http://" + metadata.endpoint() + "/v4/x"}};
}

std::vector<std::string> emf_lines(std::string const& text) {
    std::vector<std::string> found;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("{\"_aws\":")) found.push_back(line);
    }
    return found;
}

}  // namespace

TEST_CASE("the task metadata fill target_info and the access log", "[wire][ecs]") {
    imposter_origin metadata;
    metadata.when("/v4/x/task", imposter_origin::ok(task));
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()), on_ecs(metadata)};
    CHECK(metadata.requests().size() == 1);
    gateway.wait_for_log("task 158d1c80 of service gateway-service in cluster shop, zone eu-");
    CHECK(
        gateway.metrics().sum(
            "target_info", {{"service_name", "gateway-service"},
                            {"aws_ecs_cluster_name", "shop"},
                            {"aws_ecs_task_id", "158d1c80"},
                            {"aws_ecs_task_family", "gateway"},
                            {"aws_ecs_task_revision", "7"},
                            {"cloud_availability_zone", "eu-central-1a"}}) == 1);
    get(gateway.port(), "/x");
    auto const line = gateway.wait_for_access_line_of("/x");
    CHECK(line.text("cluster") == "shop");
    CHECK(line.text("service") == "gateway-service");
    CHECK(line.text("task") == "158d1c80");
    CHECK(line.text("zone") == "eu-central-1a");
}

TEST_CASE("a metadata endpoint that is silent delays the start and no more", "[wire][ecs]") {
    imposter_origin metadata{[](origin_connection& client) {
        client.receive_request();
        client.closed_by_peer();
    }};
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()), on_ecs(metadata)};
    CHECK(get(gateway.port(), "/x").status() == 200);
    CHECK_FALSE(gateway.metrics().has("target_info"));
    CHECK_FALSE(gateway.wait_for_access_line_of("/x").has("task"));
}

TEST_CASE("CloudWatch's lines stand between those of the access log", "[wire][ecs]") {
    imposter_origin metadata;
    metadata.when("/v4/x/task", imposter_origin::ok(task));
    imposter_origin origin;
    bool const with_access_log = GENERATE(true, false);
    auto settings = all_to(origin.endpoint());
    settings.section("metrics", "cloudwatch: on, cloudwatch_interval: 1s");
    if (!with_access_log) settings.logging("access: off");
    gateway_process gateway{settings, on_ecs(metadata)};
    for (int i = 0; i < 5; ++i) get(gateway.port(), "/x");
    gateway.wait_for_metric("http_requests_total", 5);
    auto const until = std::chrono::steady_clock::now() + patience();
    while (emf_lines(gateway.output()).empty() && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    // What has not been told by now is told at the end.
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
    int requests = 0;
    std::string const key = "\"Task\":\"158d1c80\",\"Zone\":\"eu-central-1a\",\"Requests\":";
    for (auto const& line : emf_lines(gateway.output())) {
        CAPTURE(line);
        CHECK(line.back() == '}');
        auto const at = line.find(key);
        if (at == std::string::npos || line.find("\"Route\"") != std::string::npos) continue;
        CHECK(line.find("\"Dimensions\":[[\"Cluster\",\"Service\"]]") != std::string::npos);
        requests += std::stoi(line.substr(at + key.size()));
    }
    CHECK(requests == 5);
    std::size_t const others = with_access_log ? 5 : 0;
    std::size_t told = 0;
    std::istringstream all{gateway.output()};
    for (std::string line; std::getline(all, line);) told += line.starts_with("{\"time\":") ? 1 : 0;
    CHECK(told == others);
}

}  // namespace gateway::support

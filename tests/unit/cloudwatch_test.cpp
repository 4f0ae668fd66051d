// SPDX-License-Identifier: Apache-2.0
#include "admin/cloudwatch.hpp"

#include "admin/metrics_builder.hpp"
#include "net/ecs_metadata.hpp"

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace gateway;
using admin::cloudwatch;
using admin::page;
using prometheus::MetricType;

namespace {

using tree = boost::property_tree::ptree;

tree parsed(std::string const& line) {
    std::istringstream in{line};
    tree out;
    boost::property_tree::read_json(in, out);
    return out;
}

// What a scrape of a small gateway holds.
struct figures {
    std::map<std::string, double> requests;  // by status, all of route "/"
    observe::histogram_cell durations;
    double active = 0;
    double available = 2;

    page shown() const {
        page out;
        auto& total = out.family("http_requests_total", "h", MetricType::Counter);
        for (auto const& [status, count] : requests) {
            total.metric.push_back(page::sample({{"route", "/"}, {"status_code", status}}, count));
        }
        observe::histogram_figures sums;
        sums.add(durations);
        out.family("http_request_duration_seconds", "h", MetricType::Histogram)
            .metric.push_back(page::histogram(
                {{"route", "/"}, {"status_code", "200"}}, sums, observe::duration_bounds));
        out.gauge("gateway_connections_active", "h", active);
        auto& endpoints = out.family("gateway_endpoint_available", "h", MetricType::Gauge);
        for (int i = 0; i < available; ++i) {
            endpoints.metric.push_back(
                page::sample({{"upstream", "app"}, {"endpoint", std::to_string(i)}}, 1));
        }
        return out;
    }
};

observe::task_identity somewhere() {
    return {"shop", "gateway-service", "gateway", "7", "158d1c8083dd49d6", "eu-central-1a"};
}

std::chrono::system_clock::time_point moment{1'700'000'000'123ms};

// Lines by their dimensions: "Cluster/Service/Route=/" and the like.
std::map<std::string, tree> by_dimensions(std::vector<std::string> const& lines) {
    std::map<std::string, tree> found;
    for (auto const& line : lines) {
        CHECK(line.size() < 8'192);
        CHECK(line.ends_with("}\n"));
        CHECK(std::count(line.begin(), line.end(), '\n') == 1);
        auto const one = parsed(line);
        auto const directives = one.get_child("_aws.CloudWatchMetrics");
        REQUIRE(directives.size() == 1);
        auto const& directive = directives.front().second;
        std::string key;
        std::string last;
        for (auto const& each : directive.get_child("Dimensions").front().second) {
            last = each.second.data();
            key += (key.empty() ? "" : "/") + last;
            CHECK_FALSE(one.get<std::string>(last).empty());
        }
        key += '=' + one.get<std::string>(last);
        // Every metric that is announced is there, at most a hundred of them.
        CHECK(directive.get_child("Metrics").size() <= 100);
        for (auto const& each : directive.get_child("Metrics")) {
            CAPTURE(key, each.second.get<std::string>("Name"));
            CHECK(one.count(each.second.get<std::string>("Name")) == 1);
            CHECK_FALSE(each.second.get<std::string>("Unit").empty());
        }
        CHECK(found.emplace(key, one).second);
    }
    return found;
}

}  // namespace

TEST_CASE("figures become lines that CloudWatch reads as metrics", "[unit][cloudwatch]") {
    figures now{{{"200", 90}, {"404", 7}, {"502", 3}}, {}, 12, 2};
    for (int i = 0; i < 4; ++i) now.durations.add(observe::duration_bounds, 7ms);
    cloudwatch to{"Shop/Edge", somewhere()};
    auto const lines = by_dimensions(to.lines(now.shown(), moment));
    REQUIRE(lines.size() == 3);
    auto const& whole = lines.at("Cluster/Service=gateway-service");
    CHECK(whole.get<std::int64_t>("_aws.Timestamp") == 1'700'000'000'123);
    CHECK(
        whole.get_child("_aws.CloudWatchMetrics").front().second.get<std::string>("Namespace") ==
        "Shop/Edge");
    CHECK(whole.get<std::string>("Cluster") == "shop");
    CHECK(whole.get<std::string>("Task") == "158d1c8083dd49d6");
    CHECK(whole.get<std::string>("Zone") == "eu-central-1a");
    CHECK(whole.get<double>("Requests") == 100);
    CHECK(whole.get<double>("ClientErrors") == 7);
    CHECK(whole.get<double>("ServerErrors") == 3);
    CHECK(whole.get<double>("Connections") == 12);
    CHECK(lines.at("Cluster/Service/Route=/").get<double>("Requests") == 100);
    CHECK(lines.at("Cluster/Service/Upstream=app").get<double>("EndpointsAvailable") == 2);
}

TEST_CASE("counters are told by what they have grown", "[unit][cloudwatch]") {
    figures now{{{"200", 90}}, {}, 5, 1};
    cloudwatch to{"Gateway", {}};
    to.lines(now.shown(), moment);
    now.requests["200"] = 100;
    now.requests["500"] = 2;
    now.active = 3;
    auto const second = by_dimensions(to.lines(now.shown(), moment)).at("Service=gateway");
    CHECK(second.get<double>("Requests") == 12);
    CHECK(second.get<double>("ServerErrors") == 2);
    CHECK(second.get<double>("Connections") == 3);
    auto const third = by_dimensions(to.lines(now.shown(), moment)).at("Service=gateway");
    CHECK(third.get<double>("Requests") == 0);
    // Vanished endpoints take their counts with them.
    now.requests["200"] = 50;
    auto const fewer = by_dimensions(to.lines(now.shown(), moment)).at("Service=gateway");
    CHECK(fewer.get<double>("Requests") == 0);
}

TEST_CASE("durations are told as at most a hundred that stand for all", "[unit][cloudwatch]") {
    figures now;
    now.requests["200"] = 1;
    cloudwatch to{"Gateway", {}};
    auto const values = [&] {
        std::vector<double> all;
        auto const whole = by_dimensions(to.lines(now.shown(), moment)).at("Service=gateway");
        auto const found = whole.get_child_optional("RequestDuration");
        if (!found) return all;
        if (found->empty()) all.push_back(found->get_value<double>());
        for (auto const& each : *found) all.push_back(each.second.get_value<double>());
        return all;
    };
    CHECK(values().empty());
    now.durations.add(observe::duration_bounds, 7ms);
    auto const one = values();
    REQUIRE(one.size() == 1);
    CHECK(one[0] > 0.005);
    CHECK(one[0] <= 0.01);
    for (int i = 0; i < 9'000; ++i) now.durations.add(observe::duration_bounds, 7ms);
    for (int i = 0; i < 1'000; ++i) now.durations.add(observe::duration_bounds, 700ms);
    auto const many = values();
    REQUIRE(many.size() == cloudwatch::values_max);
    CHECK(std::is_sorted(many.begin(), many.end()));
    CHECK(many[89] <= 0.01);
    CHECK(many[90] > 0.5);
    CHECK(many[99] <= 1);
    now.durations.add(observe::duration_bounds, 1h);
    CHECK(values() == std::vector<double>{60});
}

TEST_CASE("names that CloudWatch would refuse are made fit", "[unit][cloudwatch]") {
    page odd;
    auto& total = odd.family("http_requests_total", "h", MetricType::Counter);
    for (std::string const route : {":8080", "a\"b", "caf\xc3\xa9"}) {
        total.metric.push_back(page::sample({{"route", route}, {"status_code", "200"}}, 1));
    }
    auto const lines = by_dimensions(cloudwatch{"Gateway", {}}.lines(odd, moment));
    CHECK(lines.contains("Service/Route=_:8080"));
    CHECK(lines.contains("Service/Route=a\"b"));
    CHECK(lines.contains("Service/Route=caf??"));
}

TEST_CASE("a task's metadata say which one it is", "[unit][cloudwatch]") {
    auto const found = net::parse_task_limits(R"({
        "Cluster": "arn:aws:ecs:eu-central-1:111122223333:cluster/shop",
        "TaskARN": "arn:aws:ecs:eu-central-1:111122223333:task/shop/158d1c8083dd49d6",
        "Family": "gateway", "Revision": "7", "ServiceName": "gateway-service",
        "AvailabilityZone": "eu-central-1a", "Limits": {"CPU": 0.25, "Memory": 512}})");
    CHECK(found.who == somewhere());
    auto const alone = net::parse_task_limits(R"({"Cluster":"default","Family":"job"})").who;
    CHECK(alone.cluster == "default");
    CHECK(alone.service == "job");
    CHECK_FALSE(net::parse_task_limits("{}").who.known());
}

// SPDX-License-Identifier: Apache-2.0
#include "admin/exposition.hpp"

#include "admin/metrics_builder.hpp"
#include "support/metrics_text.hpp"

#include <catch2/catch.hpp>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>
#include <sstream>
#include <string>

using namespace gateway;
using admin::exposition;
using admin::page;
using prometheus::MetricType;

namespace {

page with_everything() {
    page out;
    out.counter("hits_total", "Hits with a \\ in it.", 12);
    out.counter("nameless", "A counter without the suffix.", 3);
    out.gauge("level", "Neither whole nor small.", 1.0 / 3);
    out.gauge("big", "Beyond exact integers.", 1e20);
    out.gauge("nothing", "Not a number.", std::numeric_limits<double>::quiet_NaN());
    out.gauge("endless", "Infinite.", -std::numeric_limits<double>::infinity());
    out.gauge("build_info", "Says \"which\".", 1);
    out.family("loose", "Of no type.", MetricType::Untyped)
        .metric.push_back(page::sample({{"a", "q\"uo\\te\n"}, {"b", ""}}, 7));
    observe::histogram_cell cell;
    for (auto const each : {1ms, 7ms, 70'000ms}) cell.add(observe::duration_bounds, each);
    observe::histogram_figures figures;
    figures.add(cell);
    auto& took = out.family("took_seconds", "Durations.", MetricType::Histogram);
    took.metric.push_back(page::histogram({{"route", "/"}}, figures, observe::duration_bounds));
    took.exemplars.push_back(
        {0, 1, {"abc-1", 7ms, std::chrono::system_clock::time_point{1'700'000'000'250ms}}});
    took.exemplars.push_back({0, 13, {"abc-2", 70s, {}}});
    return out;
}

// Lines that are no comments, by what stands before the value.
std::map<std::string, double> samples(std::string const& text) {
    std::map<std::string, double> found;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#")) continue;
        auto const value_at = line.rfind(' ');
        found[line.substr(0, value_at)] = std::stod(line.substr(value_at));
    }
    return found;
}

}  // namespace

TEST_CASE("the text format says what prometheus-cpp's serializer says", "[unit][exposition]") {
    auto const ours = with_everything();
    std::vector<prometheus::MetricFamily> const theirs{
        ours.families().begin(), ours.families().end()};
    std::ostringstream expected;
    prometheus::TextSerializer{}.Serialize(expected, theirs);
    auto mine = samples(written(ours, exposition::prometheus));
    auto other = samples(expected.str());
    CHECK(std::isnan(mine.at("nothing")));
    mine.erase("nothing");
    other.erase("nothing");
    CHECK(mine.size() == 23);
    CHECK(mine == other);
}

TEST_CASE("OpenMetrics has its own names, marks and end", "[unit][exposition]") {
    auto const text = written(with_everything(), exposition::open_metrics);
    CAPTURE(text);
    auto const has = [&](std::string const& line) {
        return ('\n' + text).find('\n' + line + '\n') != std::string::npos;
    };
    CHECK(has("# TYPE hits counter"));
    CHECK(has("# HELP hits Hits with a \\\\ in it."));
    CHECK(has("hits_total 12"));
    CHECK(has("# TYPE nameless unknown"));
    CHECK(has("# TYPE build info"));
    CHECK(has("# HELP build Says \\\"which\\\"."));
    CHECK(has("build_info 1"));
    CHECK(has("# TYPE loose unknown"));
    CHECK(has("loose{a=\"q\\\"uo\\\\te\\n\",b=\"\"} 7"));
    CHECK(
        has("took_seconds_bucket{route=\"/\",le=\"0.01\"} 2 # {request_id=\"abc-1\"} 0.007 "
            "1700000000.250"));
    CHECK(has("took_seconds_bucket{route=\"/\",le=\"+Inf\"} 3 # {request_id=\"abc-2\"} 70 0.000"));
    CHECK(has("took_seconds_count{route=\"/\"} 3"));
    CHECK(text.ends_with("\n# EOF\n"));
    CHECK(written(with_everything(), exposition::prometheus).find("abc-1") == std::string::npos);
}

TEST_CASE("OpenMetrics is for those who ask for it", "[unit][exposition]") {
    auto const [accept, open] = GENERATE(table<std::string, bool>({
        {"", false},
        {"*/*", false},
        {"text/plain", false},
        {"application/openmetrics-text", true},
        {"Application/OpenMetrics-Text; Version=1.0.0", true},
        {"application/openmetrics-text;version=2.0.0", false},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text;q=x", false},
        {"application/openmetrics-text;q=0.4, text/plain;q=0.5", false},
        {"text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=0.0.1;q=0.75", true},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         true},
    }));
    CAPTURE(accept);
    CHECK((admin::exposition_for(accept) == exposition::open_metrics) == open);
}

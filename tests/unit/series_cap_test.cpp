// SPDX-License-Identifier: Apache-2.0
#include "admin/series_cap.hpp"

#include "support/captured_stderr.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace gateway;
using admin::metric_family;
using admin::page;
using admin::series_cap;
using prometheus::MetricType;

namespace {

using values = std::map<std::string, double>;

metric_family family_of(values const& from, MetricType type) {
    metric_family family{{"f", "h", type, {}}, {}};
    for (auto const& [name, value] : from) {
        family.metric.push_back(page::sample({{"endpoint", name}}, value));
    }
    return family;
}

values shown(series_cap& cap, values const& from, MetricType type = MetricType::Counter) {
    auto family = family_of(from, type);
    cap.apply(family);
    values found;
    for (auto const& each : family.metric) found[each.label[0].value] = each.counter.value;
    CHECK(found.size() == family.metric.size());
    return found;
}

}  // namespace

TEST_CASE("a family within its limit is left alone", "[unit][series_cap]") {
    series_cap cap{3};
    values const all{{"a", 1}, {"b", 2}, {"c", 3}};
    CHECK(shown(cap, all) == all);
    CHECK(cap.overflowing() == 0);
}

TEST_CASE("who comes late shares one series, who was there stays", "[unit][series_cap]") {
    support::captured_stderr const log;
    series_cap cap{2};
    CHECK(shown(cap, {{"m", 1}, {"n", 2}}) == values{{"m", 1}, {"n", 2}});
    // "a" stands before them on the page, and after them in time.
    CHECK(
        shown(cap, {{"a", 5}, {"m", 1}, {"n", 2}, {"z", 7}}) ==
        values{{"m", 1}, {"n", 2}, {"overflow", 12}});
    CHECK(cap.overflowing() == 2);
}

TEST_CASE("a shared counter never falls", "[unit][series_cap]") {
    support::captured_stderr const log;
    series_cap cap{2};
    shown(cap, {{"m", 1}, {"n", 2}});
    shown(cap, {{"a", 5}, {"m", 1}, {"n", 2}, {"z", 7}});
    SECTION("when one of those that share it vanishes") {
        CHECK(
            shown(cap, {{"a", 6}, {"m", 1}, {"n", 2}}) ==
            values{{"m", 1}, {"n", 2}, {"overflow", 13}});
        CHECK(shown(cap, {{"m", 1}, {"n", 2}}) == values{{"m", 1}, {"n", 2}, {"overflow", 13}});
    }
    SECTION("when there is room again: that is for newcomers") {
        CHECK(
            shown(cap, {{"a", 5}, {"b", 9}, {"m", 1}, {"z", 7}}) ==
            values{{"b", 9}, {"m", 1}, {"overflow", 12}});
    }
}

TEST_CASE("a shared gauge is what is there now", "[unit][series_cap]") {
    support::captured_stderr const log;
    series_cap cap{1};
    shown(cap, {{"m", 1}}, MetricType::Gauge);
    CHECK(
        shown(cap, {{"m", 1}, {"y", 4}, {"z", 3}}, MetricType::Gauge) ==
        values{{"m", 1}, {"overflow", 7}});
    CHECK(shown(cap, {{"m", 1}, {"z", 3}}, MetricType::Gauge) == values{{"m", 1}, {"overflow", 3}});
    CHECK(shown(cap, {{"m", 1}}, MetricType::Gauge) == values{{"m", 1}});
}

TEST_CASE("histograms are added up bucket by bucket", "[unit][series_cap]") {
    support::captured_stderr const log;
    series_cap cap{1};
    observe::histogram_cell cell;
    cell.add(observe::duration_bounds, 7ms);
    observe::histogram_figures figures;
    figures.add(cell);
    metric_family family{{"f", "h", MetricType::Histogram, {}}, {{2, 0, {}}}};
    for (std::string const name : {"a", "b", "c"}) {
        family.metric.push_back(page::histogram({{"e", name}}, figures, observe::duration_bounds));
    }
    cap.apply(family);
    REQUIRE(family.metric.size() == 2);
    auto const& shared = family.metric[1];
    CHECK(shared.label[0].value == "overflow");
    CHECK(shared.histogram.sample_count == 2);
    CHECK(shared.histogram.sample_sum == Approx(0.014));
    CHECK(shared.histogram.bucket[0].cumulative_count == 0);
    CHECK(shared.histogram.bucket[1].cumulative_count == 2);
    CHECK(family.exemplars.empty());
}

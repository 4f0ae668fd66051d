// SPDX-License-Identifier: Apache-2.0
// A scrape of many endpoints is quick. The time is that of the thread's own work, and of several
// scrapes the fastest counts: the machine may be busy with other things.
#include "admin/metrics_page.hpp"
#include "support/patience.hpp"

#include <catch2/catch.hpp>

#include <time.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <string>

using namespace gateway;

namespace {

double milliseconds_worked() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

std::vector<proxy::endpoint_figures> figures_of(std::deque<std::string> const& names) {
    std::vector<proxy::endpoint_figures> all;
    for (auto const& name : names) {
        auto& one = all.emplace_back();
        one.upstream = "app";
        one.endpoint = name;
        one.requests = 123'456;
        for (auto* each : {&one.timings.attempts, &one.timings.first_byte, &one.timings.connects}) {
            each->total_ns = 987'654'321;
            for (std::size_t i = 0; i < 13; ++i) each->buckets[i] = 1'000 + i;
        }
    }
    return all;
}

}  // namespace

TEST_CASE("a scrape of 500 endpoints takes less than 10 ms", "[unit][metrics_page]") {
    std::deque<std::string> names;
    for (int i = 0; i < 500; ++i) {
        names.push_back("10.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250) + ":80");
    }
    observe::traffic_counters core{2, 1};
    admin::metrics_page page{{&core}, {{"/", "/api/"}, {"app"}}, nullptr, "1"};
    page.follow_endpoints([&] { return figures_of(names); });
    auto const format = GENERATE(admin::exposition::prometheus, admin::exposition::open_metrics);
    auto best = std::numeric_limits<double>::max();
    std::string text;
    for (int i = 0; i < 20; ++i) {
        auto const begun = milliseconds_worked();
        text = page.text(format);
        best = std::min(best, milliseconds_worked() - begun);
    }
    CHECK(text.size() > 500 * 3 * 16 * 60);
#ifdef __OPTIMIZE__
    if (!support::sanitized) CHECK(best < 10);
#endif
}

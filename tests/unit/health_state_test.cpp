// SPDX-License-Identifier: Apache-2.0
#include "upstream/health_state.hpp"

#include "upstream/slow_start.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using namespace gateway;
using upstream::flip;
using upstream::health;
using upstream::health_state;

namespace {

// What a series of probes, "+" passed and "-" failed, does to a new endpoint: its verdict after
// each, "?" untested, "u" healthy, "d" unhealthy.
std::string verdicts(std::string_view probes, settings::health_check const& rules = {}) {
    health_state state{rules};
    std::string seen;
    for (char const probe : probes) {
        health const before = state.verdict();
        flip const change = state.observe(probe == '+');
        health const after = state.verdict();
        CHECK((change != flip::none) == (before != after));
        CHECK((change == flip::became_healthy) == (after == health::healthy && before != after));
        seen += after == health::untested ? '?' : after == health::healthy ? 'u' : 'd';
    }
    return seen;
}

}  // namespace

TEST_CASE("a verdict follows the probes", "[unit][health]") {
    auto const [probes, expected, claim] = GENERATE(table<std::string, std::string, std::string>({
        {"+", "u", "one pass proves a new endpoint"},
        {"---+", "???u", "also after failures while it starts"},
        {"+-", "uu", "one failure is no fall"},
        {"+-+-+-", "uuuuuu", "nor are failures that do not follow each other"},
        {"+--", "uud", "two in a row are"},
        {"+--+", "uudd", "one pass after a fall is not enough"},
        {"+--++", "uuddu", "two are"},
        {"+--+-++", "uuddddu", "if they follow each other"},
        {"+--+++--", "uudduuud", "it may fall again"},
    }));
    CAPTURE(claim);
    CHECK(verdicts(probes) == expected);
}

TEST_CASE("fall and rise are settings", "[unit][health]") {
    settings::health_check rules;
    rules.fall = 3;
    rules.rise = 1;
    CHECK(verdicts("+---+", rules) == "uuudu");
}

TEST_CASE("an endpoint that never passes counts as unhealthy in the end", "[unit][health]") {
    std::string const failures(health_state::first_tries_max, '-');
    CHECK(verdicts(failures) == std::string(failures.size() - 1, '?') + 'd');
    // It has not fallen, so the first pass proves it.
    CHECK(verdicts(failures + '+').back() == 'u');
}

TEST_CASE("the next probe is due sooner the less is known", "[unit][health]") {
    settings::health_check const rules;
    health_state state{rules};
    CHECK(state.next_in(0.5) == 250ms);
    state.observe(false);
    CHECK(state.next_in(0.5) == 250ms);
    state.observe(true);
    CHECK(state.next_in(0.5) == 5s);
    state.observe(false);
    CHECK(state.next_in(0.5) == 1s);
    state.observe(false);
    CHECK(state.next_in(0.5) == 1s);
    state.observe(true);
    CHECK(state.next_in(0.5) == 1s);
    state.observe(true);
    SECTION("give or take a fifth") {
        CHECK(state.next_in(0) == 4s);
        CHECK(state.next_in(1) == 6s);
    }
}

TEST_CASE("slow start grows from its first share to the whole weight", "[unit][slow_start]") {
    settings::slow_start how;
    how.duration = 10s;
    how.first = 10;
    time_point const begin{1'000s};
    auto const [passed, expected] = GENERATE(table<milliseconds, std::uint32_t>(
        {{0ms, 30}, {5'000ms, 165}, {9'999ms, 297}, {10'000ms, 300}, {999'999ms, 300}}));
    CAPTURE(passed.count());
    CHECK(upstream::weight_at(how, 3, begin, begin + passed) == expected);
    CHECK(upstream::is_warm(how, begin, begin + passed) == (passed >= 10s));
}

TEST_CASE("slow start never weighs nothing, and may be off", "[unit][slow_start]") {
    settings::slow_start how;
    how.first = 0;
    time_point const begin{1'000s};
    CHECK(upstream::weight_at(how, 1, begin, begin) == 1);
    how.duration = 0ms;
    CHECK(upstream::weight_at(how, 1, begin, begin) == 100);
}

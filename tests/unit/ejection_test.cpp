// SPDX-License-Identifier: Apache-2.0
// What cores notice (outlier_detector) and what becomes of it (ejections).
#include "upstream/ejections.hpp"
#include "upstream/outlier_detector.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace gateway;
using upstream::ejection_answer;
using upstream::ejection_record;
using upstream::ejections;
using upstream::finding;
using upstream::outcome;
using upstream::outlier_detector;
using upstream::track_record;

namespace {

outcome answered(std::uint16_t status) { return {cause::none, status}; }
outcome failed(cause why) { return {why, 0}; }
time_point at(milliseconds since) { return time_point{1h + since}; }

bool is_outlier_of(std::vector<track_record> const& all, settings::ejection const& rules = {}) {
    std::vector<track_record const*> each;
    for (auto const& one : all) each.push_back(&one);
    return outlier_detector{rules}.is_outlier(all.front(), each);
}

}  // namespace

TEST_CASE("failures of the endpoint count, nothing else does", "[unit][outlier]") {
    auto const [what, is_failure, is_evidence] = GENERATE(table<outcome, bool, bool>({
        {failed(cause::connect_refused), true, true},
        {failed(cause::connect_timeout), true, true},
        {failed(cause::connect_failed), true, true},
        {failed(cause::upstream_reset), true, true},
        {failed(cause::upstream_closed), true, true},
        {failed(cause::response_head_timeout), true, true},
        {failed(cause::response_malformed), true, true},
        {failed(cause::client_closed), false, false},
        {failed(cause::request_body_timeout), false, false},
        {failed(cause::out_of_descriptors), false, false},
        {failed(cause::tunnel_timeout), false, false},
        {answered(200), false, true},
        {answered(404), false, true},
        {answered(500), false, true},
        {answered(501), false, true},
        {answered(502), true, true},
        {answered(503), true, true},
        {answered(504), true, true},
        {answered(505), false, true},
    }));
    CAPTURE(word_of(what.why), what.status);
    CHECK(upstream::is_failure(what) == is_failure);
    CHECK(upstream::is_evidence(what) == is_evidence);
}

TEST_CASE("five failures in a row are a finding", "[unit][outlier]") {
    settings::ejection const rules;
    outlier_detector const detector{rules};
    track_record one;
    for (int i = 0; i < 4; ++i) {
        CHECK(detector.observe(one, failed(cause::upstream_reset)) == finding::none);
    }
    SECTION("and the fifth tells") {
        CHECK(detector.observe(one, answered(503)) == finding::failures_in_a_row);
        SECTION("once; then the count begins anew") {
            for (int i = 0; i < 4; ++i) {
                CHECK(detector.observe(one, answered(502)) == finding::none);
            }
            CHECK(detector.observe(one, answered(502)) == finding::failures_in_a_row);
        }
    }
    SECTION("unless an answer came between") {
        detector.observe(one, answered(200));
        CHECK(detector.observe(one, answered(503)) == finding::none);
    }
    SECTION("a client that leaves interrupts nothing") {
        detector.observe(one, failed(cause::client_closed));
        CHECK(detector.observe(one, answered(503)) == finding::failures_in_a_row);
    }
}

TEST_CASE("the rule of failures in a row may be off", "[unit][outlier]") {
    settings::ejection rules;
    rules.failures = 0;
    outlier_detector const detector{rules};
    track_record one;
    for (int i = 0; i < 100; ++i) REQUIRE(detector.observe(one, answered(502)) == finding::none);
}

TEST_CASE("who fails far more often than the others is an outlier", "[unit][outlier]") {
    auto const [all, expected, claim] =
        GENERATE(table<std::vector<track_record>, bool, std::string>({
            {{{0, 66, 34}, {0, 100, 0}, {0, 100, 0}, {0, 100, 0}},
             true,
             "one in three, others good"},
            {{{0, 66, 34}, {0, 100, 0}}, true, "with one other"},
            {{{0, 50, 50}, {0, 50, 50}, {0, 50, 50}}, false, "all fail: the application's fault"},
            {{{0, 90, 10}, {0, 100, 0}, {0, 100, 0}}, false, "too little to matter"},
            {{{0, 15, 14}, {0, 100, 0}, {0, 100, 0}}, false, "too few requests to tell"},
            {{{0, 0, 100}, {0, 5, 0}}, false, "too few of the others"},
            {{{0, 0, 100}}, false, "alone"},
            {{{0, 20, 10}, {0, 29, 4}}, false, "chance may do that"},
            {{{0, 100, 0}, {0, 50, 50}}, false, "it is the good one"},
        }));
    CAPTURE(claim);
    CHECK(is_outlier_of(all) == expected);
}

TEST_CASE("ejections last longer each time, up to a limit", "[unit][ejection]") {
    settings::ejection const rules;
    ejections const decide{rules};
    ejection_record one;
    auto now = at(0ms);
    for (milliseconds const expected : {10s, 20s, 30s, 40s, 50s, 60s, 60s}) {
        REQUIRE(decide.eject(one, 3, 0, 4, now) == ejection_answer::ejected);
        CHECK(one.until - now == expected);
        CHECK(!decide.returns(one, one.until - 1ms));
        now = one.until;
        CHECK(decide.returns(one, now));
        CHECK(!decide.returns(one, now));
        CHECK(!one.ejected);
    }
    SECTION("good spells are remembered, one for each") {
        CHECK(one.times == 7);
        decide.returns(one, now + 59'999ms);
        CHECK(one.times == 7);
        decide.returns(one, now + 60s);
        CHECK(one.times == 6);
        decide.returns(one, now + 60s * 7);
        CHECK(one.times == 0);
        decide.returns(one, now + 1h);
        CHECK(one.times == 0);
    }
}

TEST_CASE("neither more than half nor the last one is ejected", "[unit][ejection]") {
    settings::ejection const rules;
    ejections const decide{rules};
    auto const [others, ejected, total, expected] =
        GENERATE(table<std::size_t, std::size_t, std::size_t, ejection_answer>({
            {0, 0, 1, ejection_answer::last_one},
            {1, 0, 2, ejection_answer::ejected},
            {0, 1, 2, ejection_answer::last_one},
            {0, 0, 2, ejection_answer::last_one},  // the other is unhealthy
            {2, 0, 3, ejection_answer::ejected},
            {1, 1, 3, ejection_answer::share_reached},
            {2, 1, 4, ejection_answer::ejected},
            {1, 2, 4, ejection_answer::share_reached},
        }));
    CAPTURE(others, ejected, total);
    ejection_record one;
    CHECK(decide.eject(one, others, ejected, total, at(0ms)) == expected);
    CHECK(one.ejected == (expected == ejection_answer::ejected));
    CHECK(one.times == (expected == ejection_answer::ejected ? 1 : 0));
}

TEST_CASE("who is ejected is not ejected again, and may be pardoned", "[unit][ejection]") {
    settings::ejection const rules;
    ejections const decide{rules};
    ejection_record one;
    decide.eject(one, 3, 0, 4, at(0ms));
    CHECK(decide.eject(one, 3, 1, 4, at(5s)) == ejection_answer::already);
    CHECK(one.until == at(10s));
    decide.pardon(one, at(6s));
    CHECK(!one.ejected);
    CHECK(!decide.returns(one, at(10s)));
    REQUIRE(decide.eject(one, 3, 0, 4, at(7s)) == ejection_answer::ejected);
    CHECK(one.until == at(27s));
}

// SPDX-License-Identifier: Apache-2.0
#include "upstream/learned_keep_alive.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using upstream::announced_keep_alive;
using upstream::learned_keep_alive;

namespace {

// Closes that are far enough apart to count one by one.
struct lesson {
    learned_keep_alive learned{std::nullopt};
    time_point now{};

    lesson& closed(milliseconds age) {
        now += 10s;
        learned.peer_closed(now, age);
        return *this;
    }
};

}  // namespace

TEST_CASE("four seconds are right for an upstream nothing is known of", "[unit][keep_alive]") {
    CHECK(lesson{}.learned.limit() == 4s);
    CHECK(lesson{}.learned.wants_to_know_more());
}

TEST_CASE("an earlier close is heeded at once, with a margin", "[unit][keep_alive]") {
    lesson of;
    of.closed(2s);
    CHECK(of.learned.limit() == 1'600ms);
    of.closed(1s);
    CHECK(of.learned.limit() == 800ms);
}

TEST_CASE("a later close is believed when it is seen twice", "[unit][keep_alive]") {
    lesson of;
    of.closed(20s);
    CHECK(of.learned.limit() == 4s);
    of.closed(20s);
    CHECK(of.learned.limit() == 16s);
    CHECK(of.learned.wants_to_know_more());
}

TEST_CASE("no connection is kept beyond a minute", "[unit][keep_alive]") {
    lesson of;
    of.learned.outlived_cap(time_point{} + 100s);
    of.learned.outlived_cap(time_point{} + 200s);
    CHECK(of.learned.limit() == 60s);
    CHECK_FALSE(of.learned.wants_to_know_more());
    of.closed(500s);
    CHECK(of.learned.limit() == 60s);
}

TEST_CASE("the low end of what was seen counts, but for one in eight", "[unit][keep_alive]") {
    lesson of;
    of.closed(100ms);
    for (int i = 0; i < 6; ++i) of.closed(10s);
    CHECK(of.learned.limit() == 80ms);
    of.closed(10s);
    CHECK(of.learned.limit() == 8s);
    SECTION("and old samples are forgotten") {
        for (int i = 0; i < 16; ++i) of.closed(30s);
        CHECK(of.learned.limit() == 24s);
    }
}

TEST_CASE(
    "of closes at one moment the longest age counts: a shutdown closes all", "[unit][keep_alive]") {
    learned_keep_alive learned{std::nullopt};
    time_point const at{1h};
    for (int i = 0; i < 50; ++i) learned.peer_closed(at + i * 1ms, 10ms * (i + 1));
    CHECK(learned.limit() == 400ms);
    learned.peer_closed(at + 100ms, 3s);
    CHECK(learned.limit() == 2'400ms);
}

TEST_CASE("the operator's word is not learned over", "[unit][keep_alive]") {
    learned_keep_alive fixed{10s};
    fixed.peer_closed(time_point{1h}, 1s);
    CHECK(fixed.limit() == 10s);
    CHECK_FALSE(fixed.wants_to_know_more());
    CHECK(fixed.limit_of(4s) == 4s);
    CHECK(fixed.limit_of(30s) == 10s);
}

TEST_CASE("what the upstream announces is obeyed unless it closes earlier", "[unit][keep_alive]") {
    lesson of;
    CHECK(of.learned.limit_of(2s) == 2s);
    CHECK(of.learned.limit_of(30s) == 30s);
    CHECK(of.learned.limit_of(300s) == 60s);
    of.closed(10s).closed(10s);
    CHECK(of.learned.limit_of(30s) == 8s);
    CHECK(of.learned.limit_of(2s) == 2s);
}

TEST_CASE("Keep-Alive says how long, and we stay a second below it", "[unit][keep_alive]") {
    auto const [text, kept] = GENERATE(table<std::string, std::optional<milliseconds>>({
        {"timeout=5", 4s},
        {"timeout=5, max=100", 4s},
        {"max=100, Timeout=75", 74s},
        {"timeout=2", 1s},
        {"timeout=1", 500ms},
        {"timeout=0", 0ms},
        {"timeout=999999999999", std::nullopt},
        {"timeout=", std::nullopt},
        {"timeout=-1", std::nullopt},
        {"timeout=5s", std::nullopt},
        {"timeout=5s, timeout=9", 8s},
        {"xtimeout=5", std::nullopt},
        {"max=5", std::nullopt},
        {"", std::nullopt},
        {",,", std::nullopt},
    }));
    CAPTURE(text);
    CHECK(announced_keep_alive(text) == kept);
}

TEST_CASE("ages differ by a fifth either way", "[unit][keep_alive]") {
    milliseconds least = 1h;
    milliseconds most{0};
    for (std::uint32_t i = 0; i < 200'000; ++i) {
        auto const age = upstream::jittered(300s, i * 7);
        least = std::min(least, age);
        most = std::max(most, age);
    }
    CHECK(least >= 240s);
    CHECK(least < 245s);
    CHECK(most <= 360s);
    CHECK(most > 355s);
    CHECK(upstream::jittered(1ms, 12345) == 1ms);
}

// SPDX-License-Identifier: Apache-2.0
#include "upstream/adaptive_limit.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using upstream::adaptive_limit;

namespace {

// An endpoint that serves so many at once in 10 ms each; whoever comes beyond that waits in line.
struct endpoint_model {
    adaptive_limit limit;
    time_point now{1h};
    std::uint32_t capacity = 50;
    std::uint32_t demand = 1'000;
    std::uint32_t most = 1'000;

    void run(std::chrono::seconds duration) {
        auto const end = now + duration;
        while (now < end) {
            std::uint32_t const in_flight = std::min(demand, limit.limit());
            auto const latency =
                std::chrono::nanoseconds{10ms} * std::max(in_flight, capacity) / capacity;
            limit.observe(latency, in_flight, most, now);
            now += 5ms;
        }
    }
};

}  // namespace

TEST_CASE(
    "the limit grows to what the endpoint serves at once, and not far beyond", "[unit][adaptive]") {
    endpoint_model one;
    one.run(60s);
    CHECK(one.limit.limit() > 50);
    CHECK(one.limit.limit() < 200);
}

TEST_CASE(
    "an endpoint that becomes twenty times slower loses most of its limit", "[unit][adaptive]") {
    endpoint_model one;
    one.run(30s);
    auto const before = one.limit.limit();
    one.capacity = 2;
    one.run(10s);
    CHECK(one.limit.limit() * 3 < before);
    SECTION("and gets it back") {
        one.capacity = 50;
        one.run(60s);
        CHECK(one.limit.limit() > 50);
    }
}

TEST_CASE("a limit that nobody reaches does not grow", "[unit][adaptive]") {
    endpoint_model one;
    one.demand = 2;
    one.run(60s);
    CHECK(one.limit.limit() <= adaptive_limit::first);
}

TEST_CASE("the limit stays within its bounds", "[unit][adaptive]") {
    endpoint_model one;
    SECTION("above") {
        one.capacity = 10'000;
        one.most = 30;
        one.run(60s);
        CHECK(one.limit.limit() == 30);
    }
    SECTION("below") {
        one.run(1s);
        for (int i = 0; i < 10'000; ++i) {
            one.limit.observe(std::chrono::seconds{i + 1}, 100, 1'000, one.now);
            one.now += 20ms;
            REQUIRE(one.limit.limit() >= adaptive_limit::least);
        }
    }
}

TEST_CASE("a lasting change of latency becomes the new measure", "[unit][adaptive]") {
    adaptive_limit limit;
    time_point now{1h};
    auto const run = [&](milliseconds latency, int count) {
        for (int i = 0; i < count; ++i, now += 10ms)
            limit.observe(latency, limit.limit(), 500, now);
    };
    run(10ms, 2'000);
    run(100ms, 500);
    auto const shrunk = limit.limit();
    run(100ms, 20'000);
    CHECK(limit.limit() > shrunk * 3);
}

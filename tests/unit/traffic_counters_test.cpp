// SPDX-License-Identifier: Apache-2.0
#include "observe/traffic_counters.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <thread>

using namespace gateway;
using namespace gateway::observe;

namespace {

exchange_record settled(
    std::uint16_t route,
    method_label method,
    std::uint16_t status,
    std::chrono::nanoseconds duration) {
    exchange_record record;
    record.route_index = route;
    record.method_index = method;
    record.status = status;
    record.duration = duration;
    return record;
}

}  // namespace

TEST_CASE(
    "a status has its own slot, its class's slot, or the one for nonsense", "[unit][counters]") {
    for (unsigned status = 0; status <= 0xffff; ++status) {
        auto const word = std::string{status_word(status_slot(static_cast<std::uint16_t>(status)))};
        auto const own = std::to_string(status);
        auto const of_class = own.substr(0, 1) + "xx";
        bool const is_status = status >= 100 && status <= 599;
        CAPTURE(status, word);
        CHECK((is_status ? word == own || word == of_class : word == "other"));
    }
    CHECK(status_word(status_slot(200)) == "200");
    CHECK(status_word(status_slot(499)) == "499");
    CHECK(status_word(status_slot(599)) == "599");
    CHECK(status_word(status_slot(299)) == "2xx");
    CHECK(status_word(status_slot(555)) == "5xx");
}

TEST_CASE("an exchange counts in the first bucket that holds its duration", "[unit][counters]") {
    auto const [duration, bucket] = GENERATE(table<std::chrono::nanoseconds, std::size_t>(
        {{-1ns, 0},
         {0ns, 0},
         {5ms, 0},
         {5ms + 1ns, 1},
         {10ms, 1},
         {11ms, 2},
         {25ms, 2},
         {50ms, 3},
         {100ms, 4},
         {250ms, 5},
         {500ms, 6},
         {1s, 7},
         {2'500ms, 8},
         {5s, 9},
         {10s, 10},
         {30s, 11},
         {60s, 12},
         {60s + 1ns, 13},
         {24h, 13}}));
    CAPTURE(duration.count());
    traffic_counters counters{1, 0};
    counters.exchange_settled(settled(0, method_label::get, 200, duration));
    auto const* const cell = counters.cell(0, method_label::get, status_slot(200));
    REQUIRE(cell != nullptr);
    for (std::size_t i = 0; i < cell->buckets.size(); ++i) {
        CAPTURE(i);
        CHECK(cell->buckets[i].value() == (i == bucket ? 1 : 0));
    }
    CHECK(cell->count() == 1);
    CHECK(cell->total_ns.value() == static_cast<std::uint64_t>(std::max(duration, 0ns).count()));
}

TEST_CASE("exchanges are told apart by route, method and status", "[unit][counters]") {
    traffic_counters counters{2, 0};
    for (int i = 0; i < 3; ++i) counters.exchange_settled(settled(0, method_label::get, 200, 1ms));
    counters.exchange_settled(settled(0, method_label::get, 304, 1ms));
    counters.exchange_settled(settled(0, method_label::post, 200, 1ms));
    counters.exchange_settled(settled(1, method_label::get, 200, 1ms));
    counters.exchange_settled(settled(no_route_index, method_label::other, 404, 1ms));

    auto const count = [&](std::size_t route, method_label method, std::uint16_t status) {
        auto const* const cell = counters.cell(route, method, status_slot(status));
        return cell == nullptr ? 0 : cell->count();
    };
    CHECK(count(0, method_label::get, 200) == 3);
    CHECK(count(0, method_label::get, 304) == 1);
    CHECK(count(0, method_label::post, 200) == 1);
    CHECK(count(1, method_label::get, 200) == 1);
    CHECK(count(counters.route_count(), method_label::other, 404) == 1);
    CHECK(counters.cell(1, method_label::post, status_slot(200)) == nullptr);
    CHECK(counters.exchanges_settled() == 7);
}

TEST_CASE("a settled exchange brings its bytes and its cause", "[unit][counters]") {
    traffic_counters counters{1, 0};
    auto record = settled(0, method_label::get, 502, 1ms);
    record.bytes_in = 100;
    record.bytes_out = 2'000;
    record.why = cause::connect_refused;
    counters.exchange_settled(record);
    counters.exchange_settled(record);
    record.why = cause::none;
    counters.exchange_settled(record);
    CHECK(counters.bytes_received() == 300);
    CHECK(counters.bytes_sent() == 6'000);
    CHECK(counters.errors(cause::connect_refused) == 2);
    CHECK(counters.errors(cause::none) == 0);
}

TEST_CASE("what has begun and not ended is what is open", "[unit][counters]") {
    traffic_counters counters{1, 0};
    for (int i = 0; i < 3; ++i) counters.connection_accepted();
    counters.connection_closed();
    counters.connection_refused(cause::too_many_connections);
    counters.connection_became_idle();
    counters.connection_became_idle();
    counters.connection_became_busy();
    counters.exchange_begun();
    counters.exchange_begun();
    counters.exchange_settled(settled(0, method_label::get, 200, 1ms));
    counters.tunnel_opened();
    counters.accept_failed();

    CHECK(counters.connections_accepted() == 3);
    CHECK(counters.connections_active() == 2);
    CHECK(counters.connections_refused(cause::too_many_connections) == 1);
    CHECK(counters.connections_refused(cause::draining) == 0);
    CHECK(counters.connections_idle() == 1);
    CHECK(counters.exchanges_begun() == 2);
    CHECK(counters.exchanges_in_flight() == 1);
    CHECK(counters.tunnels_open() == 1);
    CHECK(counters.accept_failures() == 1);
    counters.tunnel_closed();
    CHECK(counters.tunnels_open() == 0);
}

TEST_CASE("an upstream's events count for that upstream only", "[unit][counters]") {
    traffic_counters counters{0, 2};
    counters.attempt_begun(1);
    counters.upstream_connected(1);
    counters.attempt_failed(1, cause::upstream_reset);
    counters.retried(1, retry_reason::status);
    counters.attempt_begun(1);
    counters.upstream_reused(1);

    auto const& upstream = counters.upstream(1);
    CHECK(upstream.attempts.value() == 2);
    CHECK(upstream.connected.value() == 1);
    CHECK(upstream.reused.value() == 1);
    CHECK(upstream.retried[static_cast<std::size_t>(retry_reason::status)].value() == 1);
    CHECK(upstream.failures[static_cast<std::size_t>(cause::upstream_reset)].value() == 1);
    CHECK(upstream.failures[static_cast<std::size_t>(cause::upstream_closed)].value() == 0);
    CHECK(counters.upstream(0).attempts.value() == 0);
}

TEST_CASE(
    "a scrape during traffic sees whole cells and counts that only grow", "[unit][counters]") {
    constexpr std::uint64_t exchanges = 30'000;
    traffic_counters counters{50, 1};
    std::atomic<bool> done{false};
    std::thread core{[&] {
        for (std::uint64_t i = 0; i < exchanges; ++i) {
            counters.exchange_begun();
            counters.exchange_settled(settled(
                static_cast<std::uint16_t>(i % 50),
                static_cast<method_label>(i % method_label_count),
                static_cast<std::uint16_t>(200 + i % 300), milliseconds{i % 100}));
        }
        done.store(true);
    }};
    auto const scrape = [&] {
        std::uint64_t sum = 0;
        for (std::size_t route = 0; route <= counters.route_count(); ++route) {
            for (std::size_t m = 0; m < method_label_count; ++m) {
                for (std::size_t slot = 0; slot < status_slot_count; ++slot) {
                    auto const* cell = counters.cell(route, static_cast<method_label>(m), slot);
                    if (cell != nullptr) sum += cell->count();
                }
            }
        }
        return sum;
    };
    std::uint64_t last = 0;
    bool grew_only = true;
    while (!done.load()) {
        auto const now = scrape();
        grew_only = grew_only && now >= last && now <= exchanges;
        last = now;
    }
    core.join();
    CHECK(grew_only);
    CHECK(scrape() == exchanges);
    CHECK(counters.exchanges_in_flight() == 0);
}

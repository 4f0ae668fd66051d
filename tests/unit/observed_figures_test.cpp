// SPDX-License-Identifier: Apache-2.0
// The smaller parts of what a core counts: histograms, exemplars, phases.
#include "observe/exemplar.hpp"
#include "observe/histogram.hpp"
#include "observe/phases.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace gateway;
using namespace gateway::observe;

namespace {

time_point at(std::chrono::nanoseconds since) { return time_point{since}; }

std::chrono::system_clock::time_point wall(std::chrono::milliseconds since) {
    return std::chrono::system_clock::time_point{since};
}

}  // namespace

TEST_CASE("a duration belongs to the first bucket whose bound it keeps", "[unit][observe]") {
    histogram_bounds const bounds{std::vector<milliseconds>{5ms, 10ms}};
    CHECK(bounds.bucket_of(0ms) == 0);
    CHECK(bounds.bucket_of(5ms) == 0);
    CHECK(bounds.bucket_of(5ms + 1ns) == 1);
    CHECK(bounds.bucket_of(1h) == 2);
    histogram_cell cell;
    cell.add(bounds, -3ms);  // the clock of a core's turn may be behind
    cell.add(bounds, 20ms);
    CHECK(cell.count() == 2);
    CHECK(cell.buckets[0].value() == 1);
    CHECK(cell.total_ns.value() == 20'000'000);
}

TEST_CASE("more bounds than there is room for are left out", "[unit][observe]") {
    std::vector<milliseconds> many;
    for (int i = 1; i <= 100; ++i) many.push_back(milliseconds{i});
    CHECK(histogram_bounds{many}.all().size() == histogram_bounds::bounds_max);
}

TEST_CASE("an exemplar is renewed once a second", "[unit][observe]") {
    exemplar_slot slot;
    CHECK_FALSE(slot.read());
    slot.offer("first", 3ms, wall(10'000ms));
    slot.offer("second", 4ms, wall(10'999ms));
    CHECK(slot.read()->request_id == "first");
    CHECK(slot.read()->duration == 3ms);
    slot.offer("third", 5ms, wall(11'000ms));
    CHECK(slot.read()->request_id == "third");
    slot.offer("clock set back", 6ms, wall(500ms));
    CHECK(slot.read()->request_id == "clock set back");
    CHECK(slot.read()->at == wall(500ms));
}

TEST_CASE("an ID that is none or too long is no exemplar", "[unit][observe]") {
    exemplar_slot slot;
    slot.offer("", 3ms, wall(10'000ms));
    slot.offer(std::string(exemplar_slot::id_bytes_max + 1, 'x'), 3ms, wall(10'000ms));
    CHECK_FALSE(slot.read());
    slot.offer(std::string(exemplar_slot::id_bytes_max, 'x'), 3ms, wall(10'000ms));
    CHECK(slot.read()->request_id.size() == exemplar_slot::id_bytes_max);
}

TEST_CASE("a reader never sees half of an exemplar", "[unit][observe]") {
    exemplar_slot slot;
    std::atomic<bool> done{false};
    std::thread writer{[&] {
        for (int i = 1; i <= 20'000; ++i) {
            slot.offer(
                std::string(std::size_t{1} + i % 64, static_cast<char>('a' + i % 26)),
                milliseconds{i}, wall(std::chrono::seconds{i}));
        }
        done = true;
    }};
    std::size_t torn = 0;
    while (!done) {
        auto const seen = slot.read();
        if (!seen) continue;
        auto const i = seen->duration / 1ms;
        std::string const expected(
            static_cast<std::size_t>(1 + i % 64), static_cast<char>('a' + i % 26));
        if (seen->request_id != expected || seen->at != wall(std::chrono::seconds{i})) ++torn;
    }
    writer.join();
    CHECK(torn == 0);
}

TEST_CASE("a phase knows how many are in it and since when the first is", "[unit][observe]") {
    phase_board board;
    auto const oldest = [&](phase which) {
        board.publish();
        return board.oldest_since(which);
    };
    CHECK(oldest(phase::waiting) == phase_board::nobody);
    phase_mark second;
    {
        phase_mark first;
        first.enter(board, phase::waiting, at(10ms));
        second.enter(board, phase::waiting, at(20ms));
        CHECK(board.count(phase::waiting) == 2);
        CHECK(oldest(phase::waiting) == at(10ms).time_since_epoch().count());
        first.enter(board, phase::responding, at(30ms));
        CHECK(board.count(phase::waiting) == 1);
        CHECK(board.count(phase::responding) == 1);
        CHECK(oldest(phase::waiting) == at(20ms).time_since_epoch().count());
        CHECK(oldest(phase::responding) == at(30ms).time_since_epoch().count());
    }
    CHECK(board.count(phase::responding) == 0);
    CHECK(oldest(phase::responding) == phase_board::nobody);
    second.leave();
    second.leave();
    CHECK(board.count(phase::waiting) == 0);
    CHECK(oldest(phase::waiting) == phase_board::nobody);
}

TEST_CASE("who leaves from the middle of a phase leaves the others in order", "[unit][observe]") {
    phase_board board;
    phase_mark marks[3];
    for (int i = 0; i < 3; ++i) marks[i].enter(board, phase::queued, at(milliseconds{10 * i}));
    marks[1].leave();
    marks[0].leave();
    board.publish();
    CHECK(board.oldest_since(phase::queued) == at(20ms).time_since_epoch().count());
    marks[2].leave();
    board.publish();
    CHECK(board.oldest_since(phase::queued) == phase_board::nobody);
}

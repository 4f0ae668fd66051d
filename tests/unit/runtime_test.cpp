// SPDX-License-Identifier: Apache-2.0
// The parts of a core: buffers, tasks, the loop.
#include "runtime/block_pool.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"
#include "unit/watched_pair.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <vector>

using namespace gateway;
using namespace gateway::runtime;

TEST_CASE("the block that came back last is lent first", "[unit][blocks]") {
    block_pool pool;
    char* last = nullptr;
    {
        block const one = pool.lend();
        block const two = pool.lend();
        last = one.data();
        CHECK(one.data() != two.data());
        CHECK(pool.bytes_lent() == 2 * block_pool::small_bytes);
    }
    CHECK(pool.bytes_lent() == 0);
    CHECK(pool.lend().data() == last);
}

TEST_CASE("a block is as large as asked, small or large", "[unit][blocks]") {
    block_pool pool;
    CHECK(pool.lend(1).size() == block_pool::small_bytes);
    CHECK(pool.lend(block_pool::small_bytes + 1).size() == block_pool::large_bytes);
}

TEST_CASE("trimming frees what nobody needed since the last time", "[unit][blocks]") {
    block_pool pool;
    {
        std::vector<block> many;
        for (int i = 0; i < 10; ++i) many.push_back(pool.lend());
    }
    CHECK(pool.trim() == 0);  // all ten were needed a moment ago
    { block const one = pool.lend(); }
    CHECK(pool.trim() == 9 * block_pool::small_bytes);
    CHECK(pool.trim() == block_pool::small_bytes);
    CHECK(pool.trim() == 0);
}

TEST_CASE("moving a block moves the loan", "[unit][blocks]") {
    block_pool pool;
    block one = pool.lend();
    char* const data = one.data();
    block two = std::move(one);
    CHECK_FALSE(static_cast<bool>(one));
    CHECK(two.data() == data);
    two = pool.lend();
    CHECK(pool.bytes_lent() == block_pool::small_bytes);
}

namespace {

task<int> answer(int value) { co_return value; }

task<int> sum_of(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        int const one = co_await answer(i % 10);
        sum += one;
    }
    co_return sum;
}

task<void> fail() {
    throw std::runtime_error("on purpose");
    co_return;
}

task<void> catch_failure(bool& caught) {
    try {
        co_await fail();
    } catch (std::runtime_error const&) {
        caught = true;
    }
}

task<void> store_sum(int count, int& into) {
    int const sum = co_await sum_of(count);
    into = sum;
}

task<void> wait_for(watched& socket, cause& seen) {
    cause const why = co_await socket.readable();
    seen = why;
}

task<void> run_beside(watched& socket, cause& seen, bool& joined) {
    side_task side;
    side.start(wait_for(socket, seen));
    CHECK(side.running());
    co_await side.join();
    CHECK_FALSE(side.running());
    joined = true;
}

}  // namespace

TEST_CASE("many tasks in a row need no deep stack", "[unit][task]") {
#if defined(NDEBUG)
    constexpr int count = 1'000'000;
#else
    // g++ 12 makes the tail calls between coroutines only when it optimises fully and no sanitizer
    // is on (GCC 100897); a session yields often enough for both.
    constexpr int count = 1'000;
#endif
    int sum = 0;
    spawn(store_sum(count, sum));
    CHECK(sum == count / 10 * 45);
}

TEST_CASE("what a task throws reaches who awaits it", "[unit][task]") {
    bool caught = false;
    spawn(catch_failure(caught));
    CHECK(caught);
}

TEST_CASE("a task that waits is resumed by the event", "[unit][task][reactor]") {
    watched_pair pair;
    cause seen = cause::internal_error;
    spawn(wait_for(pair.socket, seen));
    pair.turn();  // writable: not what it waits for
    CHECK(seen == cause::internal_error);
    REQUIRE(::write(pair.other, "x", 1) == 1);
    pair.turn();
    CHECK(seen == cause::none);
}

TEST_CASE("an aborted wait ends from the loop with its cause", "[unit][task][reactor]") {
    watched_pair pair;
    cause seen = cause::internal_error;
    spawn(wait_for(pair.socket, seen));
    pair.socket.abort_read(cause::draining);
    CHECK(seen == cause::internal_error);  // not from inside abort
    pair.turn();
    CHECK(seen == cause::draining);
}

TEST_CASE("a side task is joined", "[unit][task][reactor]") {
    watched_pair pair;
    cause seen = cause::internal_error;
    bool joined = false;
    spawn(run_beside(pair.socket, seen, joined));
    CHECK_FALSE(joined);
    ::close(std::exchange(pair.other, -1));
    pair.turn();
    CHECK(seen == cause::none);
    CHECK(joined);
}

namespace {

struct stir_counter final : stir_observer {
    int stirs = 0;
    void stirred(watched&) override { ++stirs; }
};

}  // namespace

TEST_CASE("news that nobody waits for goes to the observer", "[unit][reactor]") {
    watched_pair pair;
    stir_counter counter;
    pair.socket.observe(&counter);
    pair.turn();
    CHECK(counter.stirs == 0);  // writable only
    ::close(std::exchange(pair.other, -1));
    pair.turn();
    CHECK(counter.stirs == 1);
    CHECK(pair.socket.hung_up());
}

TEST_CASE("a core runs what is posted to it, in order, on its own thread", "[unit][core]") {
    core one{0};
    std::vector<int> order;
    one.post([&] { order.push_back(1); });
    one.post([&] { order.push_back(2); });
    one.run_until([&] { return order.size() == 2; });
    CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("a core ticks", "[unit][core]") {
    core one{0};
    int ticks = 0;
    one.every_tick([&](time_point) { ++ticks; });
    one.run_until([&] { return ticks == 2; });
    CHECK(ticks == 2);
}

TEST_CASE("one duration has one queue", "[unit][core]") {
    core one{0};
    CHECK(&one.deadlines(1s) == &one.deadlines(1'000ms));
    CHECK(&one.deadlines(1s) != &one.deadlines(2s));
}

namespace {

task<void> pause_then_note(core& home, milliseconds time, std::vector<int>& done) {
    co_await home.pause(time);
    done.push_back(static_cast<int>(time.count()));
}

}  // namespace

TEST_CASE("pauses end in the order of their times, not before them", "[unit][core]") {
    core home{0};
    std::vector<int> done;
    auto const begun = clock::now();
    for (int const time : {30, 10, 0, 20}) {
        spawn(pause_then_note(home, milliseconds{time}, done));
    }
    CHECK(done == std::vector{0});
    home.run_until([&] { return done.size() == 4; });
    CHECK(done == std::vector{0, 10, 20, 30});
    CHECK(clock::now() - begun >= 30ms);
}

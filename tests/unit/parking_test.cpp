// SPDX-License-Identifier: Apache-2.0
#include "proxy/parking.hpp"

#include "runtime/core.hpp"
#include "runtime/task.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

using namespace gateway;
using namespace gateway::proxy;
using news = parking_place::news;

namespace {

struct waiting {
    parking_place place;
    std::vector<news> heard;
    bool done = false;
};

// Looks until `free` says that there is something, as an exchange does.
runtime::task<void> wait_in(
    waiting& self, int& free, std::vector<waiting*>& served, parking_line& line) {
    for (;;) {
        self.heard.push_back(co_await self.place.next_news());
        bool const found = self.heard.back() == news::look && free > 0;
        if (found) {
            --free;
            served.push_back(&self);
        }
        if (!found && self.heard.back() == news::look) continue;
        self.place.leave();
        self.done = true;
        if (found) line.wake(1);
        co_return;
    }
}

struct scene {
    runtime::core home{0};
    parking_line line{home.reactor(), 3};
    std::vector<std::unique_ptr<waiting>> all;
    std::vector<waiting*> served;
    int free = 0;

    bool join(time_point now) {
        auto one = std::make_unique<waiting>();
        if (!line.join(one->place, now + 1s)) return false;
        all.push_back(std::move(one));
        runtime::spawn(wait_in(*all.back(), free, served, line));
        return true;
    }
    void turn(int times = 8) {
        home.run_until([&] {
            home.post([] {});  // the next turn comes at once
            return times-- == 0;
        });
    }
    ~scene() {
        line.end();
        turn();
    }
};

}  // namespace

TEST_CASE("those who wait are served in the order in which they came", "[unit][parking]") {
    scene on;
    time_point const now{1h};
    for (int i = 0; i < 3; ++i) REQUIRE(on.join(now));
    CHECK(on.line.size() == 3);
    on.line.wake();
    on.turn();
    CHECK(on.served.empty());
    CHECK(on.line.size() == 3);
    on.free = 2;
    on.line.wake();
    on.turn();
    CHECK(on.served == std::vector{on.all[0].get(), on.all[1].get()});
    on.free = 5;
    on.line.wake(1);
    on.turn();
    CHECK(on.served.size() == 3);
    CHECK(on.line.empty());
}

TEST_CASE("whoever comes after the news is told by the one before", "[unit][parking]") {
    scene on;
    REQUIRE(on.join(time_point{1h}));
    on.free = 2;
    on.line.wake();
    REQUIRE(on.join(time_point{1h}));
    on.turn();
    CHECK(on.served.size() == 2);
}

TEST_CASE("a line has as many places as it was given", "[unit][parking]") {
    scene on;
    for (int i = 0; i < 3; ++i) REQUIRE(on.join(time_point{1h}));
    CHECK_FALSE(on.join(time_point{1h}));
    on.all[1]->place.end();
    on.turn();
    CHECK(on.all[1]->done);
    CHECK(on.all[1]->heard.back() == news::ended);
    CHECK(on.join(time_point{1h}));
    on.free = 1;
    on.line.wake(1);
    on.turn();
    CHECK(on.served == std::vector{on.all[0].get()});
}

TEST_CASE("a wait ends after its time, not before", "[unit][parking]") {
    scene on;
    REQUIRE(on.join(time_point{1h}));
    REQUIRE(on.join(time_point{1h} + 500ms));
    on.line.sweep(time_point{1h} + 999ms);
    on.turn();
    CHECK(on.line.size() == 2);
    on.line.sweep(time_point{1h} + 1s);
    on.turn();
    CHECK(on.line.size() == 1);
    CHECK(on.all[0]->heard == std::vector{news::expired});
    on.line.sweep(time_point{1h} + 2s);
    on.turn();
    CHECK(on.line.empty());
}

TEST_CASE("who comes again stands before those who may wait for longer", "[unit][parking]") {
    scene on;
    for (auto const came : {time_point{1h} + 200ms, time_point{1h} + 400ms}) REQUIRE(on.join(came));
    REQUIRE(on.join(time_point{1h} + 300ms));
    on.free = 3;
    on.line.wake();
    on.turn();
    CHECK(on.served == std::vector{on.all[0].get(), on.all[2].get(), on.all[1].get()});
    CHECK(on.line.empty());
    for (auto const came : {time_point{1h} + 400ms, time_point{1h} + 200ms}) REQUIRE(on.join(came));
    on.line.sweep(time_point{1h} + 1200ms);
    on.turn();
    CHECK(on.all[4]->heard == std::vector{news::expired});
    CHECK(on.line.size() == 1);
}

TEST_CASE("the end of a wait overtakes other news", "[unit][parking]") {
    scene on;
    REQUIRE(on.join(time_point{1h}));
    on.free = 1;
    on.line.wake();
    on.line.end();
    on.turn();
    CHECK(on.served.empty());
    CHECK(on.all[0]->heard == std::vector{news::ended});
}

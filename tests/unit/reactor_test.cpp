// SPDX-License-Identifier: Apache-2.0
// Deadlines, and the order in which a core's reactor resumes who waits.
#include "runtime/reactor.hpp"

#include "runtime/deadline_list.hpp"
#include "runtime/task.hpp"
#include "unit/watched_pair.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

using namespace gateway;
using namespace gateway::runtime;

TEST_CASE("deadlines expire in order and only when due", "[unit][deadline]") {
    watched_pair first;
    watched_pair second;
    deadline_list list{100ms};
    deadline a;
    deadline b;
    time_point const begin{};
    a.start(list, begin, first.socket, deadline::side::read, cause::request_head_timeout);
    b.start(list, begin + 50ms, second.socket, deadline::side::both, cause::tunnel_timeout);

    list.sweep(begin + 99ms);
    CHECK(first.socket.read_abort() == cause::none);
    list.sweep(begin + 100ms);
    CHECK(first.socket.read_abort() == cause::request_head_timeout);
    CHECK(first.socket.write_abort() == cause::none);
    CHECK_FALSE(a.running());
    CHECK(b.running());
    list.sweep(begin + 150ms);
    CHECK(second.socket.read_abort() == cause::tunnel_timeout);
    CHECK(second.socket.write_abort() == cause::tunnel_timeout);
    CHECK(list.empty());
}

TEST_CASE("progress gives a deadline its full time again", "[unit][deadline]") {
    watched_pair pair;
    deadline_list list{100ms};
    deadline one;
    time_point const begin{};
    one.start(list, begin, pair.socket, deadline::side::read, cause::request_body_timeout);
    one.renew(begin + 90ms);
    list.sweep(begin + 150ms);
    CHECK(one.running());
    list.sweep(begin + 190ms);
    CHECK(pair.socket.read_abort() == cause::request_body_timeout);
}

TEST_CASE("a long wait does not pile up the short ones behind it", "[unit][deadline]") {
    watched_pair pair;
    deadline_list list{100ms};
    deadline longest;
    longest.start(list, time_point{}, pair.socket, deadline::side::write, cause::tunnel_timeout);
    for (int i = 0; i < 100'000; ++i) {
        deadline brief;
        brief.start(
            list, time_point{} + milliseconds{i}, pair.socket, deadline::side::read,
            cause::request_head_timeout);
    }
    CHECK(list.slots() <= 64);
    list.sweep(time_point{} + 99ms);
    CHECK(pair.socket.write_abort() == cause::none);
    list.sweep(time_point{} + 100ms);
    CHECK(pair.socket.write_abort() == cause::tunnel_timeout);
    CHECK(pair.socket.read_abort() == cause::none);
    CHECK(list.empty());
}

TEST_CASE("deadlines keep their order while their queue grows", "[unit][deadline]") {
    deadline_list list{100ms};
    reactor home;
    std::vector<std::unique_ptr<guest>> sockets;
    std::vector<std::unique_ptr<deadline>> all;
    for (int i = 0; i < 200; ++i) {
        sockets.push_back(std::make_unique<guest>(home));
        all.push_back(std::make_unique<deadline>());
        all.back()->start(
            list, time_point{} + milliseconds{i}, sockets.back()->socket, deadline::side::read,
            cause::request_head_timeout);
        if (i % 3 == 0) all[static_cast<std::size_t>(i / 2)]->stop();
    }
    for (int i = 0; i < 200; ++i) {
        bool const ran = all[static_cast<std::size_t>(i)]->running();
        list.sweep(time_point{} + milliseconds{100 + i});
        CAPTURE(i);
        CHECK_FALSE(all[static_cast<std::size_t>(i)]->running());
        CHECK((sockets[static_cast<std::size_t>(i)]->socket.read_abort() != cause::none) == ran);
    }
    CHECK(list.empty());
}

TEST_CASE("a deadline that goes out of scope never fires", "[unit][deadline]") {
    watched_pair pair;
    deadline_list list{100ms};
    {
        deadline one;
        one.start(list, time_point{}, pair.socket, deadline::side::both, cause::tunnel_timeout);
    }
    CHECK(list.empty());
    list.sweep(time_point{} + 1h);
    CHECK(pair.socket.read_abort() == cause::none);
}

namespace {

task<void> note_turn(watched& socket, int number, std::vector<int>& order) {
    co_await socket.readable();
    order.push_back(number);
}

}  // namespace

TEST_CASE("work under way goes on before new work begins", "[unit][reactor]") {
    watched_pair pair;
    guest idle{pair.home};
    idle.socket.brings_work(true);
    std::vector<int> order;
    spawn(note_turn(idle.socket, 2, order));
    spawn(note_turn(pair.socket, 1, order));
    REQUIRE(::write(idle.other, "x", 1) == 1);  // the first event, yet the last resumed
    REQUIRE(::write(pair.other, "x", 1) == 1);
    pair.turn();
    CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("only some of the new work begins in one turn", "[unit][reactor]") {
    reactor home;
    std::vector<std::unique_ptr<guest>> idle;
    std::vector<int> order;
    for (int number = 0; number < 40; ++number) {
        idle.push_back(std::make_unique<guest>(home));
        idle.back()->socket.brings_work(true);
        spawn(note_turn(idle.back()->socket, number, order));
        REQUIRE(::write(idle.back()->other, "x", 1) == 1);
    }
    home.wait(milliseconds{0});
    home.dispatch();
    CHECK(order.size() < 40);
    CHECK(home.has_work());
    for (int turn = 0; turn < 10 && home.has_work(); ++turn) {
        home.wait(milliseconds{0});
        home.dispatch();
    }
    std::vector<int> all(40);
    std::iota(all.begin(), all.end(), 0);
    CHECK(order == all);  // in the order of their coming
}

TEST_CASE(
    "an arrival that is aborted is resumed once, and one that closes never", "[unit][reactor]") {
    reactor home;
    std::vector<int> order;
    std::vector<std::unique_ptr<guest>> before;
    for (int number = 0; number < 20; ++number) {
        before.push_back(std::make_unique<guest>(home));
        before.back()->socket.brings_work(true);
        spawn(note_turn(before.back()->socket, number, order));
        REQUIRE(::write(before.back()->other, "x", 1) == 1);
    }
    home.wait(milliseconds{0});
    home.dispatch();
    std::size_t const begun = order.size();
    REQUIRE(begun < 19);
    before[19]->socket.abort_read(cause::draining);  // it stands among the arrivals
    home.wait(milliseconds{0});
    home.dispatch();
    CHECK(order.size() == 20);
    CHECK_FALSE(home.has_work());

    guest closing{home};
    for (auto& each : before) {
        spawn(note_turn(each->socket, 0, order));  // readable still: they end at once
    }
    closing.socket.brings_work(true);
    spawn(note_turn(closing.socket, 99, order));
    closing.socket.abort_read(cause::draining);
    home.wait(milliseconds{0});
    home.dispatch();
    closing.socket.close();
    home.wait(milliseconds{0});
    home.dispatch();
    CHECK(std::count(order.begin(), order.end(), 99) == 1);
}

namespace {

runtime::task<void> note_readable(watched& socket, int& times) {
    co_await socket.readable();
    ++times;
}

runtime::task<void> note_writable(watched& socket, int& times) {
    co_await socket.writable();
    ++times;
}

void fill(int descriptor) {
    std::vector<char> const bytes(64 << 10);
    while (::send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {}
}

void drain(int descriptor) {
    std::vector<char> bytes(64 << 10);
    while (::recv(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {}
}

}  // namespace

TEST_CASE("a read that has to write first waits for room, and no longer", "[unit][reactor]") {
    watched_pair pair;
    pair.turn();
    fill(pair.socket.descriptor());
    if (GENERATE(false, true)) {
        // Not even an end that waits to be read makes such a read possible.
        ::shutdown(pair.other, SHUT_WR);
        pair.turn();
    }
    pair.socket.read_awaits_write();
    CHECK_FALSE(pair.socket.may_read());
    int times = 0;
    spawn(note_readable(pair.socket, times));
    drain(pair.other);
    pair.turn();
    CHECK(times == 1);
    CHECK(pair.socket.may_read());
}

TEST_CASE("a write that has to read first waits for bytes, and no longer", "[unit][reactor]") {
    watched_pair pair;
    pair.turn();
    pair.socket.write_awaits_read();
    CHECK_FALSE(pair.socket.may_write());
    int times = 0;
    spawn(note_writable(pair.socket, times));
    SECTION("that arrive") {
        REQUIRE(::send(pair.other, "x", 1, 0) == 1);
        pair.turn();
    }
    SECTION("that somebody else has read meanwhile") {
        pair.socket.end_crossing();
        CHECK(times == 0);  // from the loop, not from inside the caller
        pair.turn();
    }
    CHECK(times == 1);
    CHECK(pair.socket.may_write());
}

TEST_CASE("another thread ends a wait", "[unit][reactor]") {
    reactor home;
    std::thread other{[&] { home.wake(); }};
    while (!home.was_woken()) {
        home.wait(10s);
        home.dispatch();
    }
    other.join();
    CHECK_FALSE(home.was_woken());
}

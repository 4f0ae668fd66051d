// SPDX-License-Identifier: Apache-2.0
#include "runtime/signal_watch.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

using gateway::runtime::signal_watch;

TEST_CASE("signals are events of the loop, and wait until somebody listens", "[unit][signals]") {
    boost::asio::io_context loop{1};
    signal_watch signals{loop, {SIGUSR1, SIGUSR2}};
    ::kill(::getpid(), SIGUSR2);

    std::vector<int> came;
    signals.start([&](int number) {
        came.push_back(number);
        if (number == SIGUSR2) ::kill(::getpid(), SIGUSR1);
        if (number == SIGUSR1) signals.stop();
    });
    loop.run();
    CHECK(came == std::vector{SIGUSR2, SIGUSR1});
}

TEST_CASE("threads started later take no signal that is watched", "[unit][signals]") {
    boost::asio::io_context loop{1};
    signal_watch signals{loop, {SIGUSR1}};
    sigset_t blocked;
    std::thread{[&] { ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked); }}.join();
    CHECK(sigismember(&blocked, SIGUSR1) == 1);
}

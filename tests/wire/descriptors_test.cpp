// SPDX-License-Identifier: Apache-2.0
// At the limit of descriptors accepting pauses: no spin, one line in the log, and what runs goes
// on.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace gateway::support {
namespace {

// User and system time of a process, in clock ticks.
unsigned long cpu_ticks(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string text;
    std::getline(file, text);
    std::string rest = text.substr(text.rfind(')') + 2);
    for (int field = 0; field < 11; ++field) rest.erase(0, rest.find(' ') + 1);
    std::size_t used = 0;
    unsigned long const user = std::stoul(rest, &used);
    return user + std::stoul(rest.substr(used));
}

std::size_t times_in(std::string const& text, std::string const& words) {
    std::size_t times = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
        ++times;
    }
    return times;
}

// The gateway reads small files ten times a second, each for a moment: the least of many counts has
// none of them.
std::size_t lasting_descriptors(gateway_process const& gateway) {
    std::size_t least = gateway.open_descriptors();
    for (int i = 0; i < 100; ++i) least = std::min(least, gateway.open_descriptors());
    return least;
}

}  // namespace

TEST_CASE("at the limit of descriptors accepting pauses and goes on", "[wire][descriptors]") {
    imposter_origin origin;
    // The upstream connection that is there serves to the end: a new one could not be made.
    gateway_process gateway{
        all_to(origin.endpoint()).runtime("threads: 1").timeouts("upstream_idle: 1m")};
    raw_client served{gateway.port()};
    served.send(get_request("/"));
    REQUIRE(served.receive().status() == 200);
    // No descriptor more than it has.
    rlimit before_it{};
    REQUIRE(::prlimit(gateway.pid(), RLIMIT_NOFILE, nullptr, &before_it) == 0);
    rlimit const limit{lasting_descriptors(gateway), before_it.rlim_max};
    REQUIRE(::prlimit(gateway.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);

    std::vector<std::unique_ptr<raw_client>> waiting;
    for (int i = 0; i < 20; ++i) waiting.push_back(std::make_unique<raw_client>(gateway.port()));
    gateway.wait_for_log("cannot accept connections");
    // A second of a client's requests, over connections that are there, while twenty others wait.
    auto const begin = std::chrono::steady_clock::now();
    unsigned long const before = cpu_ticks(gateway.pid());
    // Nothing to do but wait: whatever is used beyond the requests would be a spin.
    while (std::chrono::steady_clock::now() - begin < 1s) {
        served.send(get_request("/"));
        REQUIRE(served.receive().status() == 200);
        std::this_thread::sleep_for(100ms);  // a client's pace: ten requests in the second
    }
    CHECK(cpu_ticks(gateway.pid()) - before < 50);  // half a second in one
    // Not one at each of the ten ticks. A number that a small file had used may still have become
    // free in between, and the next failure is a new one.
    CHECK(times_in(gateway.log(), "cannot accept connections") <= 3);

    REQUIRE(::prlimit(gateway.pid(), RLIMIT_NOFILE, &before_it, nullptr) == 0);
    for (auto const& each : waiting) {
        each->send(get_request("/"));
        CHECK(each->receive().status() == 200);
    }
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// What choosing an endpoint costs: bench_choice [ENDPOINTS], 50 unless told. Each balancer as one
// core runs it, with requests in flight that come and go. Ends with 1 when a choice takes 100 ns.
#include "upstream/balancer.hpp"
#include "upstream/hash.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using gateway::settings::balance_method;
using namespace gateway::upstream;

constexpr int choices_in_a_round = 100'000;
constexpr int rounds = 41;
constexpr double limit_ns = 100;

// Of this thread alone, so that what else runs here does not count.
double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct figures {
    double lowest;
    double median;
};

figures time_of(balance_method method, std::size_t endpoints, bool weighted) {
    random_numbers random{endpoints};
    std::vector<candidate> among(endpoints);
    for (candidate& each : among) {
        each.identity = random.next();
        if (weighted) each.weight = candidate::whole * (1 + random.below(4));
    }
    auto const balancer = make_balancer(method, 0);
    balancer->arrange(among);
    // As many requests are in flight as there are endpoints, twice; the oldest ends.
    std::vector<std::size_t> running(endpoints * 2, nobody);
    std::size_t oldest = 0;
    std::vector<double> each_round;
    std::uint64_t key = 1;
    for (int round = 0; round < rounds; ++round) {
        double const begun = cpu_ns();
        for (int i = 0; i < choices_in_a_round; ++i) {
            std::size_t const chosen = balancer->choose(among, scramble(++key), nobody);
            ++among[chosen].in_flight;
            std::size_t& place = running[oldest];
            if (place != nobody) --among[place].in_flight;
            place = chosen;
            oldest = oldest + 1 == running.size() ? 0 : oldest + 1;
        }
        each_round.push_back((cpu_ns() - begun) / choices_in_a_round);
    }
    std::sort(each_round.begin(), each_round.end());
    return {each_round.front(), each_round[each_round.size() / 2]};
}

struct contender {
    char const* name;
    balance_method method;
};

}  // namespace

int main(int argc, char** argv) {
    std::size_t const endpoints = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 50;
    if (endpoints == 0 || endpoints > 100'000) {
        std::fprintf(stderr, "usage: bench_choice [ENDPOINTS], from 1 to 100000\n");
        return 2;
    }
    constexpr std::array<contender, 4> all{{
        {"two_choices", balance_method::two_choices},
        {"round_robin", balance_method::round_robin},
        {"least_requests", balance_method::least_requests},
        {"hash", balance_method::hash},
    }};
    bool within = true;
    std::printf("%zu endpoints, nanoseconds a choice   lowest  median\n", endpoints);
    for (contender const& each : all) {
        for (bool const weighted : {false, true}) {
            figures const got = time_of(each.method, endpoints, weighted);
            within = within && got.median < limit_ns;
            std::printf(
                "  %-15s %-16s   %6.1f  %6.1f\n", each.name, weighted ? "unequal weights" : "equal",
                got.lowest, got.median);
        }
    }
    return within ? 0 : 1;
}

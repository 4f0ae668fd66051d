// SPDX-License-Identifier: Apache-2.0
// Ten thousand connections that say nothing, or a byte at a time: the others must not feel them.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <stop_token>
#include <thread>
#include <vector>

namespace gateway::support {
namespace {

constexpr std::size_t flood = 10'000;

void allow_descriptors() {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    REQUIRE(limit.rlim_cur > flood + 100);
}

message ask_on(raw_client& client) {
    client.send(get_request("/"));
    return client.receive();
}

std::chrono::nanoseconds median_latency(raw_client& client) {
    std::vector<std::chrono::nanoseconds> times;
    for (int i = 0; i < 101; ++i) {
        auto const begun = std::chrono::steady_clock::now();
        REQUIRE(ask_on(client).status() == 200);
        times.push_back(std::chrono::steady_clock::now() - begun);
    }
    std::nth_element(times.begin(), times.begin() + 50, times.end());
    return times[50];
}

struct latencies {
    std::chrono::nanoseconds calm = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds flooded = std::chrono::nanoseconds::max();

    bool within_a_factor_of_two() const { return flooded <= 2 * calm; }
};

// Each the median of the best of some rounds, which take turns: other programs of this machine only
// ever make one longer, and do so to both. On a busy machine it takes many rounds until each had
// its luck.
latencies compare(raw_client& calm, raw_client& flooded) {
    latencies best;
    for (int round = 0; round < 100; ++round) {
        best.calm = std::min(best.calm, median_latency(calm));
        best.flooded = std::min(best.flooded, median_latency(flooded));
        if (round >= 6 && best.within_a_factor_of_two()) break;
    }
    return best;
}

std::vector<raw_client> connect_all(std::uint16_t port, std::string_view first_bytes) {
    std::vector<raw_client> all;
    all.reserve(flood);
    for (std::size_t i = 0; i < flood; ++i) {
        all.emplace_back(port);
        if (!first_bytes.empty()) all.back().send(first_bytes);
    }
    return all;
}

configuration roomy(imposter_origin const& origin) {
    return all_to(origin.endpoint())
        .limits("connections: 15000")
        .timeouts("request_head: 10m")
        .logging("access: off");
}

}  // namespace

TEST_CASE("ten thousand idle connections leave the others alone", "[wire][flood]") {
    allow_descriptors();
    imposter_origin origin;
    gateway_process calm{roomy(origin)};
    gateway_process gateway{roomy(origin)};
    raw_client without{calm.port()};
    raw_client probe{gateway.port()};
    REQUIRE(ask_on(probe).status() == 200);
    auto const idle = connect_all(gateway.port(), {});
    gateway.wait_for_metric("gateway_connections_active", flood + 1);
    auto const got = compare(without, probe);
    CAPTURE(got.calm.count(), got.flooded.count());
    CHECK(got.within_a_factor_of_two());
}

TEST_CASE("ten thousand trickling heads leave the others alone", "[wire][flood]") {
    allow_descriptors();
    imposter_origin origin;
    gateway_process calm{roomy(origin)};
    gateway_process gateway{roomy(origin)};
    raw_client without{calm.port()};
    raw_client probe{gateway.port()};
    REQUIRE(ask_on(probe).status() == 200);
    auto const resident = gateway.metrics().sum("process_resident_memory_bytes");

    auto trickling = connect_all(gateway.port(), "GET /slow HTTP/1.1\r\nHost: t\r\nX-Pad: ");
    gateway.wait_for_metric("gateway_connections_active", flood + 1);
    std::atomic<bool> lost{false};
    // A byte of each in turn, its next one ten seconds later, as such attacks do it.
    std::jthread drip{[&](std::stop_token over) {
        try {
            for (std::size_t i = 0; !over.stop_requested(); i = (i + 1) % flood) {
                trickling[i].send("x");
                std::this_thread::sleep_for(1ms);
            }
        } catch (std::exception const&) {
            lost = true;
        }
    }};
    auto const got = compare(without, probe);
    drip.request_stop();
    drip.join();
    CHECK_FALSE(lost);
    CAPTURE(got.calm.count(), got.flooded.count());
    CHECK(got.within_a_factor_of_two());

    // Each holds the bytes of its head and what the parser knows of them, not two buffers.
    auto const grown = gateway.metrics().sum("process_resident_memory_bytes") - resident;
    CAPTURE(grown / flood);
    if (!sanitized) CHECK(grown / flood < 10 * 1024);
    // They are served when they get to the point.
    trickling[flood / 2].send("\r\n\r\n");
    CHECK(trickling[flood / 2].receive().status() == 200);
}

}  // namespace gateway::support

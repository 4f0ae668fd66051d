// SPDX-License-Identifier: Apache-2.0
// The last minutes, second by second: how many requests, how many failed, how long they took. From
// the same counters as the metrics; costs a request nothing. For the control thread.
#pragma once

#include "admin/json_text.hpp"
#include "observe/traffic_counters.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace gateway::admin {

class live_figures {
public:
    static constexpr std::size_t seconds_kept = 300;

    // Borrows the counters.
    explicit live_figures(std::vector<observe::traffic_counters const*> cores);

    // To be called once a second.
    void take(time_point now);

    // Arrays of [requests a second, failed ones a second, p50, p95, p99 in ms, in flight], the
    // oldest first: at most the last `count`. Percentiles are those of ten seconds, null without a
    // request.
    void write_seconds(json_text& to, std::size_t count) const;
    // Below it durations are not told apart.
    double finest_ms() const noexcept { return bounds_ms_.front(); }
    // What happened by cause, in the last minute and since the start.
    void write_causes(json_text& to) const;

private:
    static constexpr std::size_t buckets_max = 32;
    static constexpr std::size_t percentile_seconds = 10;
    static constexpr std::size_t cause_seconds = 60;

    struct totals {
        time_point at{};
        std::uint64_t requests = 0;
        std::uint64_t failed = 0;
        std::array<std::uint64_t, buckets_max> buckets{};
        std::array<std::uint64_t, cause_count> causes{};
    };
    struct second {
        double requests = 0;
        double failed = 0;
        std::array<double, 3> percentiles{};  // ms; below zero: no request
        std::uint64_t in_flight = 0;
    };

    totals read() const;
    std::array<std::uint64_t, cause_count> read_causes() const;
    std::array<double, 3> percentiles_between(totals const& before, totals const& now) const;

    std::vector<observe::traffic_counters const*> cores_;
    std::vector<double> bounds_ms_;
    std::deque<totals> totals_;  // the newest last, a minute of them
    std::deque<second> seconds_;
};

}  // namespace gateway::admin

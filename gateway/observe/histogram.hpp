// SPDX-License-Identifier: Apache-2.0
// Histograms of durations with bounds that are set once, at the start. One core writes a cell, any
// thread may read it; a page adds the cells of all cores up.
#pragma once

#include "base/counters.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace gateway::observe {

// Upper bounds, ascending; one more bucket holds what took longer.
class histogram_bounds {
public:
    static constexpr std::size_t bounds_max = 24;

    // What is beyond `bounds_max` of them is left out; the settings admit no more.
    template <class Bounds>
    constexpr explicit histogram_bounds(Bounds const& from) noexcept {
        for (auto const& each : from) {
            if (count_ < bounds_max) bounds_[count_++] = each;
        }
    }
    constexpr histogram_bounds(std::initializer_list<std::chrono::nanoseconds> from) noexcept {
        for (auto const each : from) bounds_[count_++] = each;
    }

    std::span<std::chrono::nanoseconds const> all() const noexcept {
        return {bounds_.data(), count_};
    }
    // Most durations end in the first buckets, so a walk from the front beats a binary search.
    std::size_t bucket_of(std::chrono::nanoseconds duration) const noexcept {
        std::size_t bucket = 0;
        while (bucket < count_ && duration > bounds_[bucket]) ++bucket;
        return bucket;
    }

private:
    std::array<std::chrono::nanoseconds, bounds_max> bounds_{};
    std::size_t count_ = 0;
};

// Of whole requests and of attempts, where no setting says otherwise.
inline constexpr histogram_bounds duration_bounds{5ms, 10ms,    25ms, 50ms, 100ms, 250ms, 500ms,
                                                  1s,  2'500ms, 5s,   10s,  30s,   60s};
// Of connections to endpoints: a network's round trip, not an application's work.
inline constexpr histogram_bounds connect_bounds{500us, 1ms,   2'500us, 5ms, 10ms,    25ms, 50ms,
                                                 100ms, 250ms, 500ms,   1s,  2'500ms, 5s};

struct histogram_cell {
    counter total_ns;  // in front: with the first buckets it shares the one line that is written
    std::array<counter, histogram_bounds::bounds_max + 1> buckets;  // not cumulative

    void add(std::size_t bucket, std::chrono::nanoseconds duration) noexcept {
        buckets[bucket].add();
        total_ns.add(static_cast<std::uint64_t>(duration.count()));
    }
    void add(histogram_bounds const& bounds, std::chrono::nanoseconds duration) noexcept {
        auto const counted = std::max(duration, std::chrono::nanoseconds::zero());
        add(bounds.bucket_of(counted), counted);
    }
    // The sum of the buckets.
    std::uint64_t count() const noexcept {
        std::uint64_t sum = 0;
        for (auto const& bucket : buckets) sum += bucket.value();
        return sum;
    }
};

// What cells held when they were read.
struct histogram_figures {
    std::array<std::uint64_t, histogram_bounds::bounds_max + 1> buckets{};
    std::uint64_t total_ns = 0;

    void add(histogram_cell const& cell) noexcept {
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += cell.buckets[i].value();
        total_ns += cell.total_ns.value();
    }
    void subtract(histogram_figures const& other) noexcept {
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] -= other.buckets[i];
        total_ns -= other.total_ns;
    }
    std::uint64_t count() const noexcept {
        std::uint64_t sum = 0;
        for (auto const bucket : buckets) sum += bucket;
        return sum;
    }
};

}  // namespace gateway::observe

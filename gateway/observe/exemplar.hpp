// SPDX-License-Identifier: Apache-2.0
// One request that fell into a bucket of a histogram, by its ID: the way from a figure to a line in
// the log. One core writes, any thread may read; a torn reading is noticed and given up.
#pragma once

#include "base/units.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::observe {

struct exemplar {
    std::string request_id;
    std::chrono::nanoseconds duration{0};
    std::chrono::system_clock::time_point at;
};

class exemplar_slot {
public:
    // Longer IDs have no exemplar: OpenMetrics allows 128 characters for all labels of one.
    static constexpr std::size_t id_bytes_max = 64;
    // A bucket that is hit thousands of times a second changes its exemplar no more often.
    static constexpr std::chrono::seconds renewed_every{1};

    // For the writer. Mostly one comparison.
    void offer(
        std::string_view request_id,
        std::chrono::nanoseconds duration,
        std::chrono::system_clock::time_point at) noexcept {
        auto const moment = at.time_since_epoch().count();
        auto const age = moment - at_.load(std::memory_order_relaxed);
        constexpr auto pause =
            std::chrono::duration_cast<std::chrono::system_clock::duration>(renewed_every).count();
        // A clock that was set back renews too.
        if (age >= 0 && age < pause) return;
        if (request_id.empty() || request_id.size() > id_bytes_max) return;
        std::array<std::uint64_t, words> text{};
        std::memcpy(text.data(), request_id.data(), request_id.size());
        auto const turn = turn_.load(std::memory_order_relaxed);
        turn_.store(turn + 1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);
        for (std::size_t i = 0; i < words; ++i) text_[i].store(text[i], std::memory_order_relaxed);
        size_.store(request_id.size(), std::memory_order_relaxed);
        duration_.store(duration.count(), std::memory_order_relaxed);
        at_.store(moment, std::memory_order_relaxed);
        turn_.store(turn + 2, std::memory_order_release);
    }

    // Nothing when there is none yet, or when it was being written.
    std::optional<exemplar> read() const {
        auto const turn = turn_.load(std::memory_order_acquire);
        if (turn == 0 || turn % 2 != 0) return std::nullopt;
        std::array<std::uint64_t, words> text{};
        for (std::size_t i = 0; i < words; ++i) text[i] = text_[i].load(std::memory_order_relaxed);
        auto const size = size_.load(std::memory_order_relaxed);
        auto const duration = duration_.load(std::memory_order_relaxed);
        auto const at = at_.load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (turn_.load(std::memory_order_relaxed) != turn || size > id_bytes_max) {
            return std::nullopt;
        }
        std::string id(size, '\0');
        std::memcpy(id.data(), text.data(), size);
        return exemplar{
            std::move(id), std::chrono::nanoseconds{duration},
            std::chrono::system_clock::time_point{std::chrono::system_clock::duration{at}}};
    }

private:
    static constexpr std::size_t words = id_bytes_max / sizeof(std::uint64_t);

    std::atomic<std::int64_t> at_{-1'000'000'000'000};
    std::atomic<std::uint32_t> turn_{0};  // odd while it is being written
    std::atomic<std::uint64_t> size_{0};
    std::atomic<std::int64_t> duration_{0};
    std::array<std::atomic<std::uint64_t>, words> text_{};
};

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
// The way of access-log lines from one core to the writer thread and of empty chunks back: two
// rings with one writer and one reader each, so that neither side locks or waits.
#pragma once

#include "base/check.hpp"
#include "base/counters.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace gateway::observe {

// Longest line, its newline included. The caps of the single values in access_log.cpp add up to it.
inline constexpr std::size_t line_bytes_max = 9_KiB;

// A chunk with this much in it goes to the writer: few hand-overs, and still in the second cache.
inline constexpr std::size_t hand_over_bytes = 32_KiB;

// Whole lines on their way from a core to the writer.
struct log_chunk {
    std::size_t size = 0;
    std::size_t lines = 0;
    std::array<char, hand_over_bytes + line_bytes_max> bytes;
};

// Holds at most as many chunks as it was made for; the lane never has more, so it is never full.
class chunk_ring {
public:
    explicit chunk_ring(std::size_t chunks_max) : slots_(std::bit_ceil(chunks_max)) {}

    void push(log_chunk* chunk) noexcept {
        auto const tail = tail_.load(std::memory_order_relaxed);
        GATEWAY_DCHECK(tail - head_.load(std::memory_order_relaxed) < slots_.size());
        slots_[tail & (slots_.size() - 1)] = chunk;
        tail_.store(tail + 1, std::memory_order_release);
    }

    // Null when empty.
    log_chunk* pop() noexcept {
        auto const head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire)) return nullptr;
        auto* const chunk = slots_[head & (slots_.size() - 1)];
        head_.store(head + 1, std::memory_order_release);
        return chunk;
    }

    std::size_t size() const noexcept {
        auto const head = head_.load(std::memory_order_relaxed);
        return tail_.load(std::memory_order_acquire) - head;
    }

private:
    std::vector<log_chunk*> slots_;
    alignas(cache_line_bytes) std::atomic<std::size_t> head_{0};
    alignas(cache_line_bytes) std::atomic<std::size_t> tail_{0};
};

// Shared by one access_log_buffer and the writer; the later of the two frees it.
struct log_lane {
    // At least two chunks: one being filled and one being written.
    explicit log_lane(byte_count budget)
        : chunks_max{std::max<std::size_t>(2, budget / sizeof(log_chunk))},
          filled{chunks_max},
          empty{chunks_max} {
        owned.reserve(chunks_max);
    }

    // An empty chunk; null when the budget is in use or memory is short. For the core.
    log_chunk* take() noexcept {
        if (auto* const chunk = empty.pop()) return chunk;
        if (owned.size() == chunks_max) return nullptr;
        // Made when first needed: a writer that keeps up never sees more than two or three.
        auto* const chunk = new (std::nothrow) log_chunk;
        if (chunk != nullptr) owned.emplace_back(chunk);
        return chunk;
    }

    // Waking a sleeping thread costs microseconds, so a core does it for several chunks at once.
    bool is_worth_waking() const noexcept { return filled.size() * 4 >= chunks_max; }

    std::size_t const chunks_max;
    chunk_ring filled;  // from the core to the writer
    chunk_ring empty;   // from the writer to the core
    counter lines_dropped;
    counter probes_left_out;
    counter lines_thinned;
    std::atomic<bool> retired{false};               // the core will push no more
    std::vector<std::unique_ptr<log_chunk>> owned;  // touched by the core only
};

}  // namespace gateway::observe

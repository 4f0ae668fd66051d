// SPDX-License-Identifier: Apache-2.0
// One span on its way from a core to the exporter: all that a collector is told, copied, because
// the exchange is gone by then. The way is a ring with one writer and one reader; when it is full,
// spans are counted and lost.
#pragma once

#include "base/counters.hpp"
#include "base/error.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

namespace gateway::observe {

// In nanoseconds, as OTLP counts time.
inline std::int64_t since_1970(std::chrono::system_clock::time_point when) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
}

// What fits of a text.
template <std::size_t Size>
class kept_text {
public:
    kept_text& operator=(std::string_view text) noexcept {
        size_ = static_cast<std::uint16_t>(std::min(text.size(), Size));
        if (size_ != 0) std::memcpy(bytes_.data(), text.data(), size_);
        return *this;
    }
    operator std::string_view() const noexcept { return {bytes_.data(), size_}; }  // NOLINT
    bool empty() const noexcept { return size_ == 0; }

private:
    std::uint16_t size_ = 0;
    std::array<char, Size> bytes_;
};

enum class span_kind : std::uint8_t { server, client };

struct span {
    span_kind kind = span_kind::server;
    kept_text<32> trace_id;
    kept_text<16> id;
    kept_text<16> parent;       // empty: the trace begins here
    std::int64_t begin_ns = 0;  // since 1970
    std::int64_t end_ns = 0;
    kept_text<24> method;
    std::uint16_t status = 0;  // 0: none
    cause why = cause::none;
    kept_text<32> retry;       // why this attempt was made, or the last one of a server span
    std::uint16_t resend = 0;  // of a client span: which repetition; of a server span: attempts
    bool reused = false;       // a pooled connection
    bool http_1_0 = false;
    bool tls = false;  // towards the endpoint
    kept_text<512> target;
    kept_text<64> upstream;
    kept_text<64> endpoint;
    // Of a server span.
    kept_text<128> route;  // its name
    kept_text<128> path;   // what the route matches
    kept_text<255> host;
    kept_text<46> client;
    kept_text<256> user_agent;
    kept_text<128> request_id;
};

// Shared by one core and the exporter.
class span_lane {
public:
    explicit span_lane(std::size_t spans_max) : slots_(std::bit_ceil(spans_max)) {}

    // For the core: a place to fill and publish, or null when there is none.
    span* claim() noexcept {
        auto const tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) == slots_.size()) {
            dropped.add();
            return nullptr;
        }
        return new (&slots_[tail & (slots_.size() - 1)]) span;  // its texts empty, not cleared
    }
    void publish() noexcept {
        tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    // For the exporter: the oldest, or null.
    span const* front() const noexcept {
        auto const head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire)) return nullptr;
        return &slots_[head & (slots_.size() - 1)];
    }
    void pop() noexcept {
        head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    counter dropped;  // the core's

private:
    std::vector<span> slots_;
    alignas(cache_line_bytes) std::atomic<std::size_t> head_{0};
    alignas(cache_line_bytes) std::atomic<std::size_t> tail_{0};
};

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
// Counters with exactly one writer: the core that owns them. A scrape may read them from another
// thread at any time. A relaxed load and store compile to plain moves (no lock prefix, no shared
// cache line as long as the owner is padded), which is why no fetch_add appears here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gateway {

// Built to learn what counting costs, and for nothing else (GATEWAY_BLIND, bench/README.md).
#ifdef GATEWAY_BLIND
inline constexpr bool counts = false;
#else
inline constexpr bool counts = true;
#endif

class counter {
public:
    void add(std::uint64_t n = 1) noexcept {
        if constexpr (!counts) return;
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

class gauge {
public:
    void add(std::int64_t n) noexcept {
        if constexpr (!counts) return;
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void set(std::int64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

inline constexpr std::size_t cache_line_bytes = 64;

}  // namespace gateway

// SPDX-License-Identifier: Apache-2.0
// What one core counts of one endpoint, by the number that the control thread gave it.
#pragma once

#include "base/counters.hpp"
#include "observe/histogram.hpp"
#include "observe/numbered_cells.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::observe {

// How long things take at one endpoint.
struct alignas(cache_line_bytes) timing_cells {
    histogram_cell attempts;    // from an attempt's begin to its end; tunnels are none
    histogram_cell first_byte;  // from an attempt's begin to the response's head
    histogram_cell connects;    // to a connection that may be used, TLS included
};

struct timing_figures {
    histogram_figures attempts;
    histogram_figures first_byte;
    histogram_figures connects;

    void add(timing_cells const& cells) noexcept {
        attempts.add(cells.attempts);
        first_byte.add(cells.first_byte);
        connects.add(cells.connects);
    }
    void subtract(timing_figures const& other) noexcept {
        attempts.subtract(other.attempts);
        first_byte.subtract(other.first_byte);
        connects.subtract(other.connects);
    }
};

struct alignas(cache_line_bytes) endpoint_cell {
    endpoint_cell() = default;
    endpoint_cell(endpoint_cell const&) = delete;
    endpoint_cell& operator=(endpoint_cell const&) = delete;
    ~endpoint_cell() { delete timings_.load(std::memory_order_relaxed); }

    // For the writer, before the endpoint is used: cells are many, those in use few.
    timing_cells& make_timings() {
        if (timings_.load(std::memory_order_relaxed) == nullptr) {
            timings_.store(new timing_cells, std::memory_order_release);
        }
        return *timings_.load(std::memory_order_relaxed);
    }
    // Null when it was never used.
    timing_cells const* timings() const noexcept {
        return timings_.load(std::memory_order_acquire);
    }
    timing_cells* timings() noexcept { return timings_.load(std::memory_order_relaxed); }

    gauge in_flight;
    gauge connections;  // idle ones included
    gauge limit;        // of requests in flight, where it is learned
    counter requests;
    counter failures;  // as the outlier detector sees them

private:
    std::atomic<timing_cells*> timings_{nullptr};
};

// How a probe ended.
enum class probe_result : std::uint8_t {
    passed,
    not_connected,
    timeout,
    broken,  // the connection ended or broke before the answer was there
    not_http,
    wrong_status,
    wrong_body,
};
inline constexpr std::size_t probe_result_count = 7;

constexpr std::string_view word_of(probe_result what) noexcept {
    constexpr std::array<std::string_view, probe_result_count> words{
        "passed", "not_connected", "timeout", "broken", "not_http", "wrong_status", "wrong_body"};
    return words[static_cast<std::size_t>(what)];
}

struct alignas(cache_line_bytes) probe_cell {
    std::array<counter, probe_result_count> results;
};

struct endpoint_counters {
    numbered_cells<endpoint_cell> traffic;
    numbered_cells<probe_cell> probes;
};

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
// What one core counts of one endpoint, by the number that the control thread gave it.
#pragma once

#include "base/counters.hpp"
#include "observe/numbered_cells.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::observe {

struct alignas(cache_line_bytes) endpoint_cell {
    gauge in_flight;
    gauge connections;  // idle ones included
    gauge limit;        // of requests in flight, where it is learned
    counter requests;
    counter failures;  // as the outlier detector sees them
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

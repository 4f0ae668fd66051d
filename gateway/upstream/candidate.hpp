// SPDX-License-Identifier: Apache-2.0
// What a balancer knows of an endpoint. Small and side by side, so that a look at fifty of them
// stays in the cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gateway::upstream {

struct candidate {
    static constexpr std::uint32_t unlimited = ~std::uint32_t{0};
    static constexpr std::uint32_t whole = 100;  // the weight 1 with no slow start

    std::uint64_t identity = 0;  // the same in every process for the same address
    std::uint64_t turn = 0;      // when it is next in a round robin, see turns
    std::uint32_t weight = whole;
    std::uint32_t in_flight = 0;
    std::uint32_t in_flight_max = unlimited;
    std::uint32_t weight_inverse = 0;  // 2^32/weight, rounded down; of those who compare by weight

    bool has_room() const noexcept { return in_flight < in_flight_max; }
    // Compares requests in flight for each unit of weight.
    bool is_less_busy_than(candidate const& other) const noexcept {
        return std::uint64_t{in_flight} * other.weight < std::uint64_t{other.in_flight} * weight;
    }
};

// In place of an index: no candidate.
inline constexpr std::size_t nobody = static_cast<std::size_t>(-1);

}  // namespace gateway::upstream

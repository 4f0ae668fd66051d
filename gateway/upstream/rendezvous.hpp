// SPDX-License-Identifier: Apache-2.0
// Rendezvous hashing with weights: each candidate draws a number from the key, the best draw wins.
// When one goes, only its own keys move; when one comes, it takes only what it wins.
#pragma once

#include "upstream/candidate.hpp"
#include "upstream/hash.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gateway::upstream {

// The shortest lot wins.
inline std::uint64_t lot_of(candidate const& one, std::uint64_t key) noexcept {
    return mix(key ^ one.identity, 0x9e3779b97f4a7c15);
}

// Among equals. The first look asks nobody for room: nearly always the winner has some, and a loop
// without branches to mispredict takes half the time.
inline std::size_t rendezvous(
    std::span<candidate const> among, std::uint64_t key, std::size_t avoid) noexcept {
    std::size_t best = nobody;
    std::uint64_t shortest = ~std::uint64_t{0};
    for (std::size_t i = 0; i < among.size(); ++i) {
        std::uint64_t const lot = lot_of(among[i], key);
        bool const wins = lot <= shortest;
        best = wins ? i : best;
        shortest = wins ? lot : shortest;
    }
    if (best == nobody || (best != avoid && among[best].has_room())) return best;
    best = nobody;
    shortest = ~std::uint64_t{0};
    for (std::size_t i = 0; i < among.size(); ++i) {
        std::uint64_t const lot = lot_of(among[i], key);
        if (lot > shortest || i == avoid || !among[i].has_room()) continue;
        best = i;
        shortest = lot;
    }
    return best;
}

// Even in (0, 1), of the lot's upper half.
inline double share_of(std::uint64_t lot) noexcept {
    constexpr double unit = 1.0 / (std::uint64_t{1} << 32);
    return (static_cast<double>(static_cast<std::int64_t>(lot >> 32)) + 0.5) * unit;
}

// The wait until a candidate's first event, if events came at random as often as its weight says,
// is -ln(1-x)/weight for an even x; the first of all to have one is drawn by weight (Schindelhauer,
// Schomaker). Among equals that is the shortest lot.
inline double first_event(candidate const& of, std::uint64_t lot) noexcept {
    return -std::log1p(-share_of(lot)) / of.weight;
}

// x/weight is a lower bound of the wait, and close to it for the few that come early. In units of
// 2^-64, rounded down; the last bits are 0 and may carry an index.
inline constexpr std::uint64_t indices_in_a_bound = 256;

inline std::uint64_t lower_bound_of(candidate const& one, std::uint64_t lot) noexcept {
    return (lot >> 32) * one.weight_inverse;
}

// x * (1-x/2)/(1-x) is an upper bound of -ln(1-x): is the wait of `one` shorter than any with at
// least this lower bound? Rounds so that it never says so wrongly. Whole numbers, and no division,
// take half the time of what reads more easily.
inline bool surely_before(
    candidate const& one, std::uint64_t lot, std::uint64_t lower_bound) noexcept {
    std::uint64_t const x = lot >> 32;
    std::uint64_t const numerator = (x * ((std::uint64_t{1} << 33) - x) >> 33) + 2;
    std::uint64_t const inverse = one.weight_inverse + indices_in_a_bound;
    return high_half(lower_bound, ~lot) > numerator * inverse;
}

// For weighted_rendezvous, whenever a weight has changed.
inline void set_weight_inverse(candidate& of) noexcept {
    constexpr std::uint64_t one = std::uint64_t{1} << 32;
    std::uint64_t const weight = std::max(of.weight, 1U);
    std::uint64_t const inverse = std::min(one / weight, one - 1);
    of.weight_inverse = static_cast<std::uint32_t>(inverse & ~(indices_in_a_bound - 1));
}

// Compares the waits themselves.
inline std::size_t earliest_with_room(
    std::span<candidate const> among, std::uint64_t key, std::size_t avoid) noexcept {
    std::size_t best = nobody;
    std::uint64_t lot_of_best = 0;
    double shortest = 0;
    for (std::size_t i = 0; i < among.size(); ++i) {
        if (i == avoid || !among[i].has_room()) continue;
        std::uint64_t const lot = lot_of(among[i], key);
        bool const late = best != nobody &&
                          surely_before(among[best], lot_of_best, lower_bound_of(among[i], lot));
        if (late) continue;
        double const wait = first_event(among[i], lot);
        if (best != nobody && wait >= shortest) continue;
        best = i;
        lot_of_best = lot;
        shortest = wait;
    }
    return best;
}

// The lowest bound is found in whole numbers, without a branch to mispredict; hardly ever is the
// next one so near that waits must be compared.
inline std::size_t weighted_rendezvous(
    std::span<candidate const> among, std::uint64_t key, std::size_t avoid) noexcept {
    constexpr std::uint64_t index = indices_in_a_bound - 1;
    if (among.empty() || among.size() > index + 1) return earliest_with_room(among, key, avoid);
    std::uint64_t lowest = ~std::uint64_t{0};
    std::uint64_t next = ~std::uint64_t{0};
    for (std::size_t i = 0; i < among.size(); ++i) {
        std::uint64_t const here = lower_bound_of(among[i], lot_of(among[i], key)) + i;
        next = std::min(next, std::max(lowest, here));
        lowest = std::min(lowest, here);
    }
    std::size_t const best = lowest & index;
    bool const first_of_all = surely_before(among[best], lot_of(among[best], key), next & ~index);
    bool const fits = best != avoid && among[best].has_room();
    return first_of_all && fits ? best : earliest_with_room(among, key, avoid);
}

}  // namespace gateway::upstream

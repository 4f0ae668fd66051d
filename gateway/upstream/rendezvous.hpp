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

inline std::uint64_t draw_of(candidate const& one, std::uint64_t key) noexcept {
    return mix(key ^ one.identity, 0x9e3779b97f4a7c15);
}

// Among equals the highest number wins, which is what the weighted form comes to. The first look
// asks nobody for room: nearly always the winner has some, and a loop without branches to
// mispredict takes half the time.
inline std::size_t rendezvous(
    std::span<candidate const> among, std::uint64_t key, std::size_t avoid) noexcept {
    std::size_t best = nobody;
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i < among.size(); ++i) {
        std::uint64_t const drawn = draw_of(among[i], key);
        bool const wins = drawn >= highest;
        best = wins ? i : best;
        highest = wins ? drawn : highest;
    }
    if (best == nobody || (best != avoid && among[best].has_room())) return best;
    best = nobody;
    highest = 0;
    for (std::size_t i = 0; i < among.size(); ++i) {
        std::uint64_t const drawn = draw_of(among[i], key);
        if (drawn < highest || i == avoid || !among[i].has_room()) continue;
        best = i;
        highest = drawn;
    }
    return best;
}

// For weighted_rendezvous, whenever a weight has changed.
inline void set_weight_inverse(candidate& of) noexcept {
    constexpr std::uint64_t one = std::uint64_t{1} << 32;
    std::uint64_t const weight = std::max(of.weight, 1U);
    of.weight_inverse = static_cast<std::uint32_t>(std::min(one / weight, one - 1));
}

// The shortest lot wins, so that among equals it is the highest draw.
inline std::uint64_t lot_of(candidate const& one, std::uint64_t key) noexcept {
    return ~draw_of(one, key);
}

// Even in (0, 1), of the lot's upper half.
inline double share_of(std::uint64_t lot) noexcept {
    constexpr double unit = 1.0 / (std::uint64_t{1} << 32);
    return (static_cast<double>(static_cast<std::int64_t>(lot >> 32)) + 0.5) * unit;
}

// The wait until a candidate's first event, if events came at random as often as its weight says,
// is -ln(1-x)/weight for an even x; the first of all to have one is drawn by weight (Schindelhauer,
// Schomaker).
inline double first_event(candidate const& of, std::uint64_t lot) noexcept {
    return -std::log1p(-share_of(lot)) / of.weight;
}

// Looks at every wait; for whoever has no room another is found.
inline std::size_t earliest_with_room(
    std::span<candidate const> among, std::uint64_t key, std::size_t avoid) noexcept {
    std::size_t best = nobody;
    double shortest = 0;
    for (std::size_t i = 0; i < among.size(); ++i) {
        if (i == avoid || !among[i].has_room()) continue;
        double const wait = first_event(among[i], lot_of(among[i], key));
        if (best != nobody && wait >= shortest) continue;
        best = i;
        shortest = wait;
    }
    return best;
}

// x/weight is a lower bound of the wait, and close to it for the few that come early. The lowest
// bound is found in whole numbers, without a branch to mispredict; hardly ever is the next one so
// near that waits must be compared. That takes a third of the time of comparing all.
inline std::size_t weighted_rendezvous(
    std::span<candidate const> among, std::uint64_t key, std::size_t avoid) noexcept {
    constexpr std::size_t most = 256;
    if (among.empty() || among.size() > most) return earliest_with_room(among, key, avoid);
    // In units of 2^-64; the last bits, which matter to nobody, carry the index.
    std::uint64_t lowest = ~std::uint64_t{0};
    std::uint64_t next = ~std::uint64_t{0};
    for (std::size_t i = 0; i < among.size(); ++i) {
        std::uint64_t const bound = (lot_of(among[i], key) >> 32) * among[i].weight_inverse;
        std::uint64_t const here = (bound & ~std::uint64_t{most - 1}) | i;
        next = std::min(next, std::max(lowest, here));
        lowest = std::min(lowest, here);
    }
    std::size_t const best = lowest & (most - 1);
    // x * (1-x/2)/(1-x) is an upper bound of -ln(1-x).
    std::uint64_t const lot = lot_of(among[best], key);
    bool const first_of_all =
        high_half(next & ~std::uint64_t{most - 1}, ~lot) > high_half(lowest, ~(lot >> 1));
    bool const fits = best != avoid && among[best].has_room();
    return first_of_all && fits ? best : earliest_with_room(among, key, avoid);
}

}  // namespace gateway::upstream

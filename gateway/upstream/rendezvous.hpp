// SPDX-License-Identifier: Apache-2.0
// Rendezvous hashing with weights: each candidate draws a number from the key, the best draw wins.
// When one goes, only its own keys move; when one comes, it takes only what it wins.
#pragma once

#include "upstream/candidate.hpp"
#include "upstream/hash.hpp"

#include <cmath>
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

// The wait until a candidate's first event, if events came at random as often as its weight says,
// is -ln(u)/weight for an even u; the first of all to have one is drawn by weight (Schindelhauer,
// Schomaker). 1-u is a lower bound of -ln(u) that spares most of the logarithms.
inline std::size_t weighted_rendezvous(
    std::span<candidate const> among, std::uint64_t key, std::size_t avoid) noexcept {
    constexpr double unit = 1.0 / (std::uint64_t{1} << 53);
    std::size_t best = nobody;
    double shortest = 0;
    for (std::size_t i = 0; i < among.size(); ++i) {
        candidate const& each = among[i];
        if (i == avoid || !each.has_room()) continue;
        std::uint64_t const drawn = draw_of(each, key);
        double const u = (static_cast<double>(static_cast<std::int64_t>(drawn >> 11)) + 0.5) * unit;
        double const weight = each.weight;
        if (best != nobody && 1 - u >= shortest * weight) continue;
        double const wait = -std::log(u) / weight;
        if (best != nobody && wait >= shortest) continue;
        best = i;
        shortest = wait;
    }
    return best;
}

}  // namespace gateway::upstream

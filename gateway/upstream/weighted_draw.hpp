// SPDX-License-Identifier: Apache-2.0
// Draws an index as often as its weight says, in constant time (Walker's and Vose's alias method:
// each column holds its own index up to a bar, and another one above it).
#pragma once

#include "upstream/candidate.hpp"
#include "upstream/hash.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gateway::upstream {

class weighted_draw {
public:
    void arrange(std::span<candidate const> among);

    // Of as many candidates as were arranged, at least one.
    std::size_t draw(random_numbers& random) const noexcept {
        std::uint64_t const number = random.next();
        auto const at = static_cast<std::size_t>(((number >> 32) * columns_.size()) >> 32);
        column const& here = columns_[at];
        return static_cast<std::uint32_t>(number) < here.bar ? at : here.above;
    }

private:
    struct column {
        std::uint32_t bar;    // of 2^32
        std::uint32_t above;  // the index that is drawn above it
    };
    std::vector<column> columns_;
    std::vector<double> heights_;  // kept for its memory
    std::vector<std::uint32_t> low_;
    std::vector<std::uint32_t> high_;
};

}  // namespace gateway::upstream

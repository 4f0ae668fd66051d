// SPDX-License-Identifier: Apache-2.0
// A route's traffic by weight over several upstreams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gateway::upstream {

class traffic_split {
public:
    // At least one weight is not 0.
    explicit traffic_split(std::vector<std::uint32_t> weights) : weights_(std::move(weights)) {
        for (std::uint32_t const each : weights_) total_ += each;
    }

    // The part at a point of the whole range of 32 bits. Equal points give equal parts; when a
    // weight changes, the points that move are those of the changed share.
    std::size_t part_at(std::uint32_t point) const noexcept {
        std::uint64_t at = (static_cast<std::uint64_t>(point) * total_) >> 32;
        std::size_t part = 0;
        while (at >= weights_[part]) at -= weights_[part++];
        return part;
    }

private:
    std::vector<std::uint32_t> weights_;
    std::uint64_t total_ = 0;
};

// Points for requests without an attribute to hash: multiples of the golden ratio are spread so
// evenly that any few hundred in a row hold each share to within one or two.
class even_points {
public:
    explicit even_points(std::uint32_t begin) noexcept : next_(begin) {}
    std::uint32_t next() noexcept { return next_ += 0x9e3779b9; }

private:
    std::uint32_t next_;
};

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
#include "upstream/weighted_draw.hpp"

namespace gateway::upstream {

void weighted_draw::arrange(std::span<candidate const> among) {
    constexpr std::uint32_t full = ~std::uint32_t{0};
    double total = 0;
    for (candidate const& each : among) total += each.weight;
    columns_.assign(among.size(), {full, 0});
    heights_.resize(among.size());
    low_.clear();
    high_.clear();
    for (std::uint32_t i = 0; i < among.size(); ++i) {
        columns_[i].above = i;
        // A height of 1 fills a column: the mean weight.
        heights_[i] = among[i].weight * static_cast<double>(among.size()) / total;
        (heights_[i] < 1 ? low_ : high_).push_back(i);
    }
    // Each column that is too low is filled up by one that is too high.
    while (!low_.empty() && !high_.empty()) {
        std::uint32_t const small = low_.back();
        std::uint32_t const large = high_.back();
        low_.pop_back();
        columns_[small] = {static_cast<std::uint32_t>(heights_[small] * full), large};
        heights_[large] -= 1 - heights_[small];
        if (heights_[large] < 1) {
            high_.pop_back();
            low_.push_back(large);
        }
    }
}

}  // namespace gateway::upstream

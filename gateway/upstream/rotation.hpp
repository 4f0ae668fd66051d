// SPDX-License-Identifier: Apache-2.0
// Round robin over endpoints. Each core begins elsewhere, or all cores would send their first
// requests to endpoint 0 together.
#pragma once

#include <cstddef>

namespace gateway::upstream {

class rotation {
public:
    explicit rotation(std::size_t begin) noexcept : next_(begin) {}

    // An index below `count`, skipping `avoid` when there is another. `count` must not be 0.
    std::size_t choose(std::size_t count, std::size_t avoid) noexcept {
        std::size_t chosen = next_++ % count;
        if (chosen == avoid && count > 1) chosen = next_++ % count;
        return chosen;
    }

    static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

private:
    std::size_t next_;
};

}  // namespace gateway::upstream

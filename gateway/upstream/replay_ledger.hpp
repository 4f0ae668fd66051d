// SPDX-License-Identifier: Apache-2.0
// The bookkeeping of a body that may have to be sent again: how much of it is kept, and whether
// all that was read still is. Who owns the bytes does the copying.
#pragma once

#include "base/units.hpp"

#include <cstddef>

namespace gateway::upstream {

class replay_ledger {
public:
    explicit replay_ledger(byte_count bytes_max = 0) noexcept : bytes_max_(bytes_max) {}

    // That many bytes came. False from the first that do not fit on: nothing is kept any more.
    bool keep(std::size_t bytes) noexcept {
        if (lost_ || bytes > bytes_max_ - kept_) {
            give_up();
            return false;
        }
        kept_ += bytes;
        return true;
    }
    // From now on nothing is kept: nobody will ask for it.
    void give_up() noexcept {
        lost_ = true;
        kept_ = 0;
    }

    bool whole() const noexcept { return !lost_; }
    byte_count kept() const noexcept { return kept_; }

private:
    byte_count bytes_max_;
    byte_count kept_ = 0;
    bool lost_ = false;
};

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
// How many requests of one upstream may be repeated at once: a share of those under way, but a few
// in any case. Without it an upstream that fails under load would get twice the load.
#pragma once

#include <algorithm>
#include <cstdint>

namespace gateway::upstream {

// Lives on one core and counts that core's requests only, so the least number holds per core.
class retry_budget {
public:
    retry_budget(std::uint32_t percent, std::uint32_t least) noexcept
        : percent_(percent), least_(least) {}

    void set_rules(std::uint32_t percent, std::uint32_t least) noexcept {
        percent_ = percent;
        least_ = least;
    }

    void request_begun() noexcept { ++active_; }
    void request_ended() noexcept { --active_; }

    // True when a repeat may begin; it ends with give_back().
    bool take() noexcept {
        if (repeating_ >= most()) return false;
        ++repeating_;
        return true;
    }
    void give_back() noexcept { --repeating_; }

    std::uint32_t most() const noexcept {
        auto const share = static_cast<std::uint64_t>(active_) * percent_ / 100;
        return std::max(static_cast<std::uint32_t>(share), least_);
    }
    std::uint32_t active() const noexcept { return active_; }
    std::uint32_t repeating() const noexcept { return repeating_; }

private:
    std::uint32_t percent_;
    std::uint32_t least_;
    std::uint32_t active_ = 0;
    std::uint32_t repeating_ = 0;
};

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
// How long an idle connection to an upstream may be kept before its peer closes it. A request sent
// over a connection that is being closed is the commonest cause of a 502, so we close first.
//
// Known from what the upstream says (Keep-Alive: timeout=N) and from what it does: every close of
// an idle connection is a sample of its timeout. Lower is learned at once. Higher is learned from
// connections that are kept without being used (see upstream_pool), and from two of them.
#pragma once

#include "base/units.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gateway::upstream {

class learned_keep_alive {
public:
    static constexpr milliseconds start{4'000};  // Node.js closes after five seconds
    static constexpr milliseconds cap{60'000};

    // `fixed`: the operator's word, nothing is learned.
    explicit learned_keep_alive(std::optional<milliseconds> fixed) noexcept : fixed_(fixed) {}

    // The operator's word from now on; without one, what was learned before.
    void fix(std::optional<milliseconds> fixed) noexcept { fixed_ = fixed; }

    // The peer closed a connection that had been idle for `age`.
    void peer_closed(time_point now, milliseconds age) noexcept;
    // A connection reached the cap, and the peer had not closed it.
    void outlived_cap(time_point now) noexcept;

    // A connection may be used again until it has been idle for this long.
    milliseconds limit() const noexcept { return fixed_ ? *fixed_ : learned_; }
    // The same for one whose peer announced its timeout.
    milliseconds limit_of(milliseconds announced) const noexcept;

    // Whether a connection kept beyond the limit could teach anything.
    bool wants_to_know_more() const noexcept { return !fixed_ && learned_ < cap; }

private:
    // An upstream that shuts down closes all its idle connections, whatever their age. Of closes
    // this near to one another only the longest age counts: a timeout closes those of one age.
    static constexpr milliseconds batch{250};
    static constexpr std::size_t samples_max = 16;

    void learn() noexcept;

    std::optional<milliseconds> fixed_;
    milliseconds learned_ = start;
    std::array<milliseconds, samples_max> samples_{};  // a ring
    std::size_t count_ = 0;                            // ever taken
    time_point last_at_{};
};

// The value of a Keep-Alive field as the time for which we keep the connection: a second less, or
// half of a single one. Nothing when it names no timeout.
std::optional<milliseconds> announced_keep_alive(std::string_view field_value) noexcept;

// `age` give or take a fifth, so that connections made together do not end together. `random` is
// any number.
milliseconds jittered(milliseconds age, std::uint32_t random) noexcept;

}  // namespace gateway::upstream

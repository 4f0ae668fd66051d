// SPDX-License-Identifier: Apache-2.0
// How many requests of one core are in which phase of their life, and since when the first of them
// is. What a phase holds is a line in the order of arrival, so both are known without a walk.
#pragma once

#include "base/counters.hpp"
#include "base/units.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace gateway::observe {

enum class phase : std::uint8_t {
    receiving,   // its head is not complete
    queued,      // waits for an endpoint to become available
    connecting,  // to an endpoint, TLS included
    sending,     // its head and body, to the endpoint
    waiting,     // for the head of the response
    responding,  // the response goes to the client
    tunnelling,  // upgraded: bytes both ways
};
inline constexpr std::size_t phase_count = 7;

constexpr std::string_view word_of(phase what) noexcept {
    constexpr std::array<std::string_view, phase_count> words{
        "receiving", "queued", "connecting", "sending", "waiting", "responding", "tunnelling"};
    return words[static_cast<std::size_t>(what)];
}

class phase_board;

// One request's place on the board; leaves with its owner. Lives on one core.
class phase_mark {
public:
    phase_mark() = default;
    phase_mark(phase_mark const&) = delete;
    phase_mark& operator=(phase_mark const&) = delete;
    ~phase_mark() { leave(); }

    // From whatever phase it is in. `board` outlives the mark; `now` may be that of the core's
    // turn.
    void enter(phase_board& board, phase next, time_point now) noexcept;
    void leave() noexcept;

    phase present() const noexcept { return phase_; }

private:
    friend class phase_board;

    phase_board* board_ = nullptr;  // null: in no phase
    phase_mark* ahead_ = nullptr;
    phase_mark* behind_ = nullptr;
    time_point since_{};
    phase phase_ = phase::receiving;
};

// Written by one core; any thread may read what `count` and `oldest_since` say.
class phase_board {
public:
    static constexpr std::int64_t nobody = std::numeric_limits<std::int64_t>::max();

    std::int64_t count(phase which) const noexcept { return line(which).count.value(); }
    // Of the clock's epoch, as of the last tick; `nobody` when there is none.
    std::int64_t oldest_since(phase which) const noexcept { return line(which).oldest.value(); }

    // For the core, once a tick.
    void publish() noexcept {
        for (auto& each : lines_) {
            each.oldest.set(
                each.first == nullptr ? nobody : each.first->since_.time_since_epoch().count());
        }
    }

private:
    friend class phase_mark;

    struct waiting_line {
        phase_mark* first = nullptr;
        phase_mark* last = nullptr;
        gauge count;
        gauge oldest;
        waiting_line() noexcept { oldest.set(nobody); }
    };
    waiting_line& line(phase which) noexcept { return lines_[static_cast<std::size_t>(which)]; }
    waiting_line const& line(phase which) const noexcept {
        return lines_[static_cast<std::size_t>(which)];
    }

    std::array<waiting_line, phase_count> lines_;
};

inline void phase_mark::enter(phase_board& board, phase next, time_point now) noexcept {
    leave();
    board_ = &board;
    phase_ = next;
    since_ = now;
    auto& line = board.line(next);
    ahead_ = line.last;
    behind_ = nullptr;
    (line.last != nullptr ? line.last->behind_ : line.first) = this;
    line.last = this;
    line.count.add(1);
}

inline void phase_mark::leave() noexcept {
    if (board_ == nullptr) return;
    auto& line = board_->line(phase_);
    (ahead_ != nullptr ? ahead_->behind_ : line.first) = behind_;
    (behind_ != nullptr ? behind_->ahead_ : line.last) = ahead_;
    line.count.add(-1);
    board_ = nullptr;
}

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
// Requests that wait because their upstream has no available endpoint, first in first out. Nothing
// of them has gone out and their bodies have not been read, so whichever endpoint appears will do.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace gateway::runtime {
class reactor;
}

namespace gateway::proxy {

class parking_line;

// One request's place. Lives in the frame that waits; leaving the frame leaves the line.
class parking_place {
public:
    enum class news : std::uint8_t {
        look,     // an endpoint may be there: choose, and leave the line if that gave one
        expired,  // it waited for as long as it may
        ended,    // its client is gone, or the gateway is: do not wait
    };

    parking_place() = default;
    parking_place(parking_place const&) = delete;
    parking_place& operator=(parking_place const&) = delete;
    ~parking_place() { leave(); }

    // Resumes when there is news. A request that looked in vain awaits it again in its old place.
    struct wait {
        parking_place& self;
        bool await_ready() const noexcept { return self.has_news_; }
        void await_suspend(std::coroutine_handle<> who) const noexcept { self.waiter_ = who; }
        news await_resume() const noexcept {
            self.has_news_ = false;
            return self.news_;
        }
    };
    wait next_news() noexcept { return wait{*this}; }

    // The request need not wait any longer.
    void end() noexcept;
    void leave() noexcept;

private:
    friend class parking_line;

    void tell(news what) noexcept;

    parking_line* line_ = nullptr;
    std::coroutine_handle<> waiter_;
    time_point until_{};
    parking_place* ahead_ = nullptr;
    parking_place* behind_ = nullptr;
    news news_ = news::look;
    bool has_news_ = false;
};

// The line of one core for one upstream.
class parking_line {
public:
    parking_line(runtime::reactor& home, std::size_t places) noexcept
        : home_(home), places_(places) {}
    parking_line(parking_line const&) = delete;
    parking_line& operator=(parking_line const&) = delete;

    // For those who join from now on.
    void set_places(std::size_t places) noexcept { places_ = places; }

    // False when the line is full. Whoever comes again, with what is left of its wait, is before
    // those who may wait for longer.
    bool join(parking_place& place, time_point until) noexcept;

    // An endpoint has become available, for that many requests: those in front look again, in
    // their order. Costs one comparison when nobody waits.
    void wake(std::size_t requests = std::numeric_limits<std::size_t>::max()) noexcept;

    // Once a tick: ends the waits that have lasted for too long.
    void sweep(time_point now) noexcept;
    // Ends all of them.
    void end() noexcept;

    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }

private:
    friend class parking_place;

    runtime::reactor& home_;
    std::size_t places_;
    parking_place* first_ = nullptr;
    parking_place* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// One core: one thread, one io_context{1} for what other threads post, its reactor, clock, buffers
// and deadlines. Everything a core owns is touched from its own thread only.
#pragma once

#include "base/units.hpp"
#include "runtime/block_pool.hpp"
#include "runtime/deadline_list.hpp"
#include "runtime/reactor.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace gateway::runtime {

class core {
public:
    explicit core(std::size_t index);
    ~core();
    core(core const&) = delete;
    core& operator=(core const&) = delete;

    std::size_t index() const noexcept { return index_; }

    // Runs on the calling thread until `stop`. May be called once.
    void run();
    // Runs until `done` says so; for tests and for finishing what is left.
    void run_until(std::function<bool()> const& done);

    // From any thread: runs `work` on the core, in order. Costs a lock and a wake-up.
    void post(std::function<void()> work);
    void stop();

    // Below: on the core's own thread only.
    runtime::reactor& reactor() noexcept { return reactor_; }
    block_pool& blocks() noexcept { return blocks_; }
    // The time at which this turn of the loop began; good enough for deadlines.
    time_point now() const noexcept { return now_; }
    // The queue for this duration; the reference stays valid as long as the core.
    deadline_list& deadlines(milliseconds duration);
    // A queue that is shared with nobody.
    deadline_list& own_deadlines(milliseconds duration);
    // Calls `work` every `tick` until the core stops. For sweeps; add them before `run`.
    void every_tick(std::function<void(time_point)> work);

    // Resumes the coroutine at the next tick: for what cannot go on now and has nobody to tell it
    // when it can.
    struct tick_wait {
        core& home;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> self) const { home.ticked_.push_back(self); }
        void await_resume() const noexcept {}
    };
    tick_wait next_tick() noexcept { return tick_wait{*this}; }

    // Resumes the coroutine after that time, to the millisecond: for waits shorter than a tick that
    // nothing ends early.
    struct pause_wait {
        core& home;
        milliseconds time;
        bool await_ready() const noexcept { return time.count() <= 0; }
        void await_suspend(std::coroutine_handle<> self) const { home.pause_until(self, time); }
        void await_resume() const noexcept {}
    };
    pause_wait pause(milliseconds time) noexcept { return pause_wait{*this, time}; }

    static constexpr milliseconds tick{100};

private:
    struct engine;  // hides Asio from everyone who includes this

    // A coroutine in a pause. As a heap the one that is due first is in front.
    struct pausing {
        time_point until;
        std::coroutine_handle<> who;
        bool operator<(pausing const& other) const noexcept { return until > other.until; }
    };

    void turn();
    void ticked();
    void pause_until(std::coroutine_handle<> who, milliseconds time);
    void end_pauses();

    std::size_t index_;
    runtime::reactor reactor_;
    block_pool blocks_;
    std::vector<std::unique_ptr<deadline_list>> deadlines_;
    std::vector<std::unique_ptr<deadline_list>> own_deadlines_;
    std::vector<std::function<void(time_point)>> on_tick_;
    std::vector<std::coroutine_handle<>> ticked_;
    std::vector<pausing> pausing_;
    time_point now_ = clock::now();
    time_point next_tick_ = now_ + tick;
    time_point trimmed_at_ = now_;
    std::unique_ptr<engine> engine_;
};

}  // namespace gateway::runtime

// SPDX-License-Identifier: Apache-2.0
#include "runtime/core.hpp"

#include "runtime/frame_pool.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <malloc.h>

#include <algorithm>
#include <chrono>

namespace gateway::runtime {
namespace {

namespace asio = boost::asio;

// Freed memory below this stays with the allocator; returning it would cost more than it gives.
constexpr std::size_t trim_bytes_min = 1024 * 1024;

}  // namespace

struct core::engine {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    bool stopped = false;
};

core::core(std::size_t index) : index_(index), engine_(std::make_unique<engine>()) {}

core::~core() = default;

void core::post(std::function<void()> work) {
    asio::post(engine_->io, std::move(work));
    reactor_.wake();
}

void core::stop() {
    post([this] { engine_->stopped = true; });
}

void core::run() {
    while (!engine_->stopped) turn();
}

void core::run_until(std::function<bool()> const& done) {
    while (!done()) turn();
}

// One turn: waits for events, if there is nothing else to do, and deals with them; then what other
// threads posted, and once a tick the sweeps.
void core::turn() {
    milliseconds timeout{0};
    if (!reactor_.has_work()) {
        time_point const next =
            pausing_.empty() ? next_tick_ : std::min(next_tick_, pausing_.front().until);
        timeout = std::max(std::chrono::ceil<milliseconds>(next - now_), timeout);
    }
    reactor_.wait(timeout);
    now_ = clock::now();
    reactor_.dispatch();
    if (reactor_.was_woken()) engine_->io.poll();
    if (!pausing_.empty()) end_pauses();
    if (now_ >= next_tick_) ticked();
}

void core::pause_until(std::coroutine_handle<> who, milliseconds time) {
    pausing_.push_back({clock::now() + time, who});
    std::push_heap(pausing_.begin(), pausing_.end());
}

void core::end_pauses() {
    while (!pausing_.empty() && pausing_.front().until <= now_) {
        std::pop_heap(pausing_.begin(), pausing_.end());
        reactor_.resume_later(pausing_.back().who);
        pausing_.pop_back();
    }
}

deadline_list& core::deadlines(milliseconds duration) {
    for (auto const& each : deadlines_) {
        if (each->duration() == duration) return *each;
    }
    deadlines_.push_back(std::make_unique<deadline_list>(duration));
    return *deadlines_.back();
}

deadline_list& core::own_deadlines(milliseconds duration) {
    return *own_deadlines_.emplace_back(std::make_unique<deadline_list>(duration));
}

void core::every_tick(std::function<void(time_point)> work) { on_tick_.push_back(std::move(work)); }

void core::ticked() {
    now_ = clock::now();
    next_tick_ = now_ + tick;
    for (auto const* lists : {&deadlines_, &own_deadlines_}) {
        for (auto const& each : *lists) each->sweep(now_);
    }
    for (auto const& each : on_tick_) each(now_);
    for (auto const& each : ticked_) reactor_.resume_later(each);
    ticked_.clear();
    if (now_ - trimmed_at_ >= 1s) {
        trimmed_at_ = now_;
        if (blocks_.trim() >= trim_bytes_min) {
            frame_pool::trim();
            ::malloc_trim(0);
        }
    }
}

}  // namespace gateway::runtime

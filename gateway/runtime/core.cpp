// SPDX-License-Identifier: Apache-2.0
#include "runtime/core.hpp"

#include "runtime/frame_pool.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <malloc.h>

namespace gateway::runtime {
namespace {

namespace asio = boost::asio;

// Turns on the data plane's sockets before Asio's own handlers (timers, posts) get theirs.
constexpr int turns_max = 64;
// Freed memory below this stays with the allocator; returning it would cost more than it gives.
constexpr std::size_t trim_bytes_min = 1024 * 1024;

}  // namespace

struct core::engine {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    asio::posix::stream_descriptor ready;
    asio::steady_timer ticker{io};
    bool armed = false;
    bool stopped = false;

    explicit engine(int epoll) : ready(io, epoll) {}
    // The reactor owns the descriptor.
    ~engine() { ready.release(); }
};

core::core(std::size_t index)
    : index_(index), engine_(std::make_unique<engine>(reactor_.descriptor())) {}

core::~core() = default;

void core::post(std::function<void()> work) { asio::post(engine_->io, std::move(work)); }

void core::stop() {
    post([this] { engine_->stopped = true; });
}

void core::run() {
    start_ticking();
    while (!engine_->stopped) turn(wait::always);
}

void core::run_until(std::function<bool()> const& done) {
    if (engine_->ticker.expiry() == time_point{}) start_ticking();
    while (!done()) turn(wait::when_quiet);
}

// One turn: everything ready on the data plane, again and again while it is busy (so that a loaded
// core pays one epoll_wait per batch), then one handler of Asio's, waiting for it when there is
// nothing else to do.
void core::turn(wait how) {
    int turns = 0;
    do {
        now_ = clock::now();
        if (reactor_.poll() == 0 && !reactor_.has_deferred()) break;
    } while (++turns < turns_max);

    if (!engine_->armed) arm();
    bool const return_soon = turns > 0 && how == wait::when_quiet;
    if (turns == turns_max || return_soon || reactor_.has_deferred()) {
        engine_->io.poll();
    } else {
        engine_->io.run_one();
    }
}

// Arming asks the kernel whether the epoll set is ready already, so no event is missed in between.
void core::arm() {
    engine_->armed = true;
    engine_->ready.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [this](boost::system::error_code) { engine_->armed = false; });
}

deadline_list& core::deadlines(milliseconds duration) {
    for (auto const& each : deadlines_) {
        if (each->duration() == duration) return *each;
    }
    deadlines_.push_back(std::make_unique<deadline_list>(duration));
    return *deadlines_.back();
}

void core::every_tick(std::function<void(time_point)> work) { on_tick_.push_back(std::move(work)); }

void core::start_ticking() {
    engine_->ticker.expires_after(tick);
    engine_->ticker.async_wait([this](boost::system::error_code failed) {
        if (!failed) ticked();
    });
}

void core::ticked() {
    now_ = clock::now();
    for (auto const& each : deadlines_) each->sweep(now_);
    for (auto const& each : on_tick_) each(now_);
    if (now_ - trimmed_at_ >= 1s) {
        trimmed_at_ = now_;
        if (blocks_.trim() >= trim_bytes_min) {
            frame_pool::trim();
            ::malloc_trim(0);
        }
    }
    start_ticking();
}

}  // namespace gateway::runtime

// SPDX-License-Identifier: Apache-2.0
// The writer thread's half of the access log: takes chunks in turn from all cores and writes them.
#include "base/all_signals_blocked.hpp"
#include "observe/access_log.hpp"
#include "observe/log.hpp"
#include "observe/log_lane.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace gateway::observe {
namespace {

constexpr auto report_interval = 1s;

}  // namespace

access_log_writer::access_log_writer(int descriptor, descriptor_use use)
    : access_log_writer{{}, std::make_unique<log_output>(descriptor, use)} {}

access_log_writer::access_log_writer(std::string path)
    : access_log_writer{path, std::make_unique<log_output>(path.c_str())} {}

access_log_writer::access_log_writer(std::string path, std::unique_ptr<log_output> output)
    : path_{std::move(path)},
      output_{std::move(output)},
      wake_event_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (wake_event_ < 0) {
        throw std::system_error{errno, std::system_category(), "cannot start the access log"};
    }
    all_signals_blocked const inherited_by_the_thread;
    thread_ = std::thread{&access_log_writer::run, this};
}

access_log_writer::~access_log_writer() {
    stop();
    close(wake_event_);
}

void access_log_writer::stop(milliseconds limit) noexcept {
    if (!thread_.joinable()) return;
    stop_at_.store((clock::now() + limit).time_since_epoch().count(), std::memory_order_relaxed);
    stopping_.store(true, std::memory_order_release);
    wake();
    thread_.join();
}

std::uint64_t access_log_writer::lines_dropped() const noexcept {
    return sum(&log_lane::lines_dropped, dropped_by_retired_) + dropped_in_writing_.value();
}

std::uint64_t access_log_writer::probes_left_out() const noexcept {
    return sum(&log_lane::probes_left_out, probes_of_retired_);
}

std::uint64_t access_log_writer::lines_thinned() const noexcept {
    return sum(&log_lane::lines_thinned, thinned_by_retired_);
}

std::uint64_t access_log_writer::sum(
    counter log_lane::*each, std::uint64_t const& of_retired) const noexcept {
    std::lock_guard const lock{lanes_guard_};
    auto total = of_retired;
    for (auto const& lane : lanes_) total += ((*lane).*each).value();
    return total;
}

void access_log_writer::reopen() noexcept {
    reopen_.store(true, std::memory_order_release);
    wake();
}

// Lines of before go to the old file, those after to the new one; none is torn between the two.
void access_log_writer::reopen_now() noexcept {
    if (path_.empty()) return;
    try {
        output_ = std::make_unique<log_output>(path_.c_str());
        log_info("access log: {} reopened", path_);
    } catch (std::exception const& failed) {
        log_error("access log: {}; the old file is written on", failed.what());
    }
}

std::shared_ptr<log_lane> access_log_writer::open_lane(byte_count budget) {
    auto lane = std::make_shared<log_lane>(budget);
    std::lock_guard const lock{lanes_guard_};
    lanes_.push_back(lane);
    return lane;
}

void access_log_writer::wake() const noexcept {
    // Fails only when it has been rung 2^64 times unheard; then the thread is awake anyway.
    static_cast<void>(eventfd_write(wake_event_, 1));
}

milliseconds access_log_writer::time_to_stop() const noexcept {
    auto const at = stop_at_.load(std::memory_order_relaxed);
    auto const left = clock::duration{at} - clock::now().time_since_epoch();
    return std::clamp(std::chrono::ceil<milliseconds>(left), 0ms, milliseconds{report_interval});
}

void access_log_writer::run() noexcept {
    pthread_setname_np(pthread_self(), "access-log");
    for (;;) {
        // Read before writing, so that all that was handed over before stop() is written.
        bool const last_round = stopping_.load(std::memory_order_acquire);
        write_everything();
        if (reopen_.exchange(false, std::memory_order_acquire)) reopen_now();
        drop_retired_lanes();
        if (last_round) next_report_ = {};  // nothing is lost untold
        report_drops();
        if (last_round) return;
        // A wait for the descriptor may have heard the ring of stop() already.
        if (stopping_.load(std::memory_order_acquire)) continue;
        pollfd woken{wake_event_, POLLIN, 0};
        bool const unreported = lines_dropped() != reported_drops_;
        poll(&woken, 1, unreported ? static_cast<int>(milliseconds{report_interval}.count()) : -1);
        eventfd_t rings = 0;
        static_cast<void>(eventfd_read(wake_event_, &rings));
    }
}

// One chunk of each lane in turn, so that a busy core does not keep the others waiting.
void access_log_writer::write_everything() noexcept {
    for (bool found = true; found;) {
        found = false;
        {
            std::lock_guard const lock{lanes_guard_};
            served_.clear();
            for (auto const& lane : lanes_) served_.push_back(lane.get());
        }
        for (auto* const lane : served_) {
            auto* const chunk = lane->filled.pop();
            if (chunk == nullptr) continue;
            found = true;
            write(*chunk);
            chunk->size = 0;
            chunk->lines = 0;
            lane->empty.push(chunk);
        }
    }
}

void access_log_writer::write(log_chunk const& chunk) noexcept {
    // What follows a torn line must not be read as its end.
    if (torn_ && !unwritten_part("\n").empty()) {
        dropped_in_writing_.add(chunk.lines);
        return;
    }
    torn_ = false;
    auto const rest = unwritten_part({chunk.bytes.data(), chunk.size});
    if (rest.empty()) return;
    torn_ = rest.size() != chunk.size;
    dropped_in_writing_.add(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')));
}

// What was given up because the reader has gone, the device is full, or the time to stop has come;
// empty when all was written.
std::string_view access_log_writer::unwritten_part(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        auto const [written, error] = output_->write_some(bytes);
        bytes.remove_prefix(written);
        if (error == 0) {
            reported_error_ = 0;
            continue;
        }
        if (error == EAGAIN) {
            if (wait_until_writable()) continue;
            break;
        }
        if (error != std::exchange(reported_error_, error)) {
            log_error(
                "access log: cannot be written, its lines are dropped: {}",
                std::generic_category().message(error));
        }
        break;
    }
    return bytes;
}

bool access_log_writer::wait_until_writable() noexcept {
    for (;;) {
        auto const left = time_to_stop();
        if (left == 0ms) return false;
        report_drops();
        pollfd either[] = {{output_->descriptor(), POLLOUT, 0}, {wake_event_, POLLIN, 0}};
        poll(either, 2, static_cast<int>(left.count()));
        // An error on the descriptor counts as writable: the next write says which.
        if (either[0].revents != 0) return true;
        eventfd_t rings = 0;
        static_cast<void>(eventfd_read(wake_event_, &rings));
    }
}

void access_log_writer::drop_retired_lanes() noexcept {
    std::lock_guard const lock{lanes_guard_};
    std::erase_if(lanes_, [this](auto const& lane) {
        if (!lane->retired.load(std::memory_order_acquire) || lane->filled.size() != 0)
            return false;
        dropped_by_retired_ += lane->lines_dropped.value();
        probes_of_retired_ += lane->probes_left_out.value();
        thinned_by_retired_ += lane->lines_thinned.value();
        return true;
    });
}

void access_log_writer::report_drops() noexcept {
    auto const dropped = lines_dropped();
    if (dropped == reported_drops_) return;
    auto const now = clock::now();
    if (now < next_report_) return;
    log_warn(
        "access log: lines dropped: {}, since the start: {}", dropped - reported_drops_, dropped);
    reported_drops_ = dropped;
    next_report_ = now + report_interval;
}

}  // namespace gateway::observe

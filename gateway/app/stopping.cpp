// SPDX-License-Identifier: Apache-2.0
#include "app/stopping.hpp"

#include "observe/log.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gateway::app {
namespace {

// How often the drain looks whether it is over, and how long the last sessions may take to end
// when they are cut.
constexpr milliseconds drain_look{10};
constexpr milliseconds cut_limit{1'000};
// Kept at the end of the drain for clients to answer the close frame of their WebSocket.
constexpr milliseconds answers_limit{2'500};

// Whoever was accepted last, before another process took over, sends its request within this.
constexpr milliseconds last_accepted_wait{1'000};

double seconds(milliseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

stopping::stopping(
    boost::asio::io_context& control,
    net::admission const& process,
    units const& cores,
    std::function<void()> drain_begins)
    : control_(control),
      process_(process),
      cores_(cores),
      drain_begins_(std::move(drain_begins)),
      timer_(control) {}

void stopping::begin(plan how) {
    begun_ = true;
    begun_at_ = clock::now();
    limit_ = begun_at_ + how.longest;
    settled_before_ = settled();
    milliseconds const lame_duck = std::min(how.lame_duck, how.longest);
    auto const open = process_.open();
    for (auto const& each : cores_) each->leave();
    if (lame_duck.count() == 0) {
        observe::log_info(
            "{}: draining {} connections, at most {} s", how.why, open, seconds(how.longest));
        drain();
        return;
    }
    observe::log_info(
        "{}: draining {} connections, at most {} s; {} are served for {} s more", how.why, open,
        seconds(how.longest), how.accepts ? "new ones" : "their requests", seconds(lame_duck));
    await_drain(begun_at_ + lame_duck, how.accepts ? limit_ : begun_at_ + last_accepted_wait);
}

// Until `latest`, or from `alone_from` on as soon as no connection is left.
void stopping::await_drain(time_point latest, time_point alone_from) {
    timer_.expires_after(drain_look);
    timer_.async_wait([this, latest, alone_from](boost::system::error_code aborted) {
        if (aborted) return;
        auto const now = clock::now();
        if (now >= latest || (now >= alone_from && process_.open() == 0)) {
            drain();
        } else {
            await_drain(latest, alone_from);
        }
    });
}

void stopping::drain() {
    drain_begins_();
    auto const rest = std::max<clock::duration>(limit_ - clock::now(), 0ms);
    auto const answers = std::min<clock::duration>(answers_limit, rest / 4);
    for (auto const& each : cores_) each->drain(limit_ - answers);
    look(limit_);
}

void stopping::look(time_point limit) {
    timer_.expires_after(drain_look);
    timer_.async_wait([this, limit](boost::system::error_code aborted) {
        if (aborted) return;
        auto const now = clock::now();
        auto const open = process_.open();
        if (open == 0 || (cutting_ && now >= limit)) {
            control_.stop();
        } else if (now < limit) {
            look(limit);
        } else {
            cutting_ = true;
            cut_ = open;
            observe::log_warn("drain limit reached: cutting {} connections", open);
            for (auto const& each : cores_) each->cut();
            look(now + cut_limit);
        }
    });
}

std::uint64_t stopping::settled() const {
    std::uint64_t sum = 0;
    for (auto const& each : cores_) sum += each->counters().exchanges_settled();
    return sum;
}

void stopping::tell() const {
    using observe::farewell;
    auto const ended = [this](farewell how) {
        std::uint64_t sum = 0;
        for (auto const& each : cores_) sum += each->counters().tunnels_sent_away(how);
        return sum;
    };
    auto const took = std::chrono::duration_cast<milliseconds>(clock::now() - begun_at_);
    observe::log_info(
        "drained in {} s: {} requests finished, {} WebSockets closed ({} more gave no answer), {} "
        "other tunnels closed, {} connections cut; {} requests in all",
        seconds(took), settled() - settled_before_, ended(farewell::answered),
        ended(farewell::unanswered), ended(farewell::unannounced), cut_, settled());
}

}  // namespace gateway::app

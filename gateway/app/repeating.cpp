// SPDX-License-Identifier: Apache-2.0
#include "app/repeating.hpp"

#include <utility>

namespace gateway::app {

repeating::repeating(
    boost::asio::io_context& control, milliseconds pause, std::function<void()> work)
    : timer_(control), pause_(pause), work_(std::move(work)) {}

void repeating::start() {
    running_ = true;
    await_next();
}

void repeating::stop() {
    running_ = false;
    timer_.cancel();
}

void repeating::await_next() {
    timer_.expires_after(pause_);
    timer_.async_wait([this](boost::system::error_code aborted) {
        if (aborted || !running_) return;
        work_();
        if (running_) await_next();
    });
}

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// Work that the control thread does again and again. Lives, and is called, on that thread only.
#pragma once

#include "base/units.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>

namespace gateway::app {

class repeating {
public:
    // `work` may use what it likes of its owner until stop() or the end of this object.
    repeating(boost::asio::io_context& control, milliseconds pause, std::function<void()> work);

    // The first time is a pause from now; each pause begins when the work is done.
    void start();
    void stop();

private:
    void await_next();

    boost::asio::steady_timer timer_;
    milliseconds pause_;
    std::function<void()> work_;
    bool running_ = false;  // a timer that has run out already cannot be cancelled
};

}  // namespace gateway::app

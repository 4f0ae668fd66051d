// SPDX-License-Identifier: Apache-2.0
// What systemd wants to know of a service of Type=notify: sd_notify(3)'s protocol,
// one datagram a message. Without NOTIFY_SOCKET in the environment nothing happens.
#pragma once

#include "base/units.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

namespace gateway::app {

// Lives on the control thread.
class service_manager {
public:
    // `well` is asked before each sign of life that the watchdog waits for.
    service_manager(boost::asio::io_context& control, std::function<bool()> well);

    void ready();
    // The signal's name; systemd then waits as long as the drain may take, however short its own
    // patience.
    void stopping(std::string_view why, milliseconds drain);
    // Another process serves in place of this one.
    void moved_to(pid_t process);

private:
    void tell(std::string_view message) const;
    void feed_watchdog();

    std::function<bool()> well_;
    boost::asio::steady_timer timer_;
    std::string socket_;        // empty: nobody listens
    milliseconds watchdog_{0};  // how often it wants a sign of life; 0: it wants none
};

}  // namespace gateway::app

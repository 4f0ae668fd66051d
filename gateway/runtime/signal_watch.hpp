// SPDX-License-Identifier: Apache-2.0
// Signals as events of a loop, read from a descriptor (signalfd(2)): no handler runs in the middle
// of anything, and what comes before anybody listens waits.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/signalfd.h>

#include <functional>
#include <initializer_list>

namespace gateway::runtime {

class signal_watch {
public:
    // From here on `signals` are blocked in the calling thread and in all that it starts, and stay
    // so: one that comes as the process ends must not end it otherwise. Threads that run already
    // must have them blocked, or the signal's default takes effect there.
    // Throws std::system_error when no descriptor can be had.
    signal_watch(boost::asio::io_context& loop, std::initializer_list<int> signals);

    // `came` gets the number of each one on the loop's thread, until `stop` or the end.
    void start(std::function<void(int)> came);
    void stop();

private:
    void await_next();

    boost::asio::posix::stream_descriptor descriptor_;
    std::function<void(int)> came_;
    signalfd_siginfo next_{};
};

}  // namespace gateway::runtime

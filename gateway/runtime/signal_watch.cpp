// SPDX-License-Identifier: Apache-2.0
#include "runtime/signal_watch.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace gateway::runtime {

signal_watch::signal_watch(boost::asio::io_context& loop, std::initializer_list<int> signals)
    : descriptor_(loop) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int const each : signals) sigaddset(&wanted, each);
    int const descriptor = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    descriptor_.assign(descriptor);
    ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
}

void signal_watch::start(std::function<void(int)> came) {
    came_ = std::move(came);
    await_next();
}

void signal_watch::stop() {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

void signal_watch::await_next() {
    boost::asio::async_read(
        descriptor_, boost::asio::buffer(&next_, sizeof next_),
        [this](boost::system::error_code ended, std::size_t) {
            if (ended) return;
            came_(static_cast<int>(next_.ssi_signo));
            await_next();
        });
}

}  // namespace gateway::runtime

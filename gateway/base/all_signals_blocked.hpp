// SPDX-License-Identifier: Apache-2.0
// For the time in which a helper thread is started: it inherits the mask. Signals belong to the
// thread that drains and reloads, and to a writer a closed pipe is an error code.
#pragma once

#include <csignal>

namespace gateway {

class all_signals_blocked {
public:
    all_signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~all_signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    all_signals_blocked(all_signals_blocked const&) = delete;
    all_signals_blocked& operator=(all_signals_blocked const&) = delete;

private:
    sigset_t before_;
};

}  // namespace gateway

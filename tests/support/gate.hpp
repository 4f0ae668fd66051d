// SPDX-License-Identifier: Apache-2.0
// Orders events of two threads without sleeping: one waits until the other has opened it. Declare a
// gate before the origin whose script waits at it, so that it outlives that thread.
#pragma once

#include "support/patience.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace gateway::support {

class gate {
public:
    // Lets `passes` waits through, in whatever order they come.
    void open(int passes = 1) {
        {
            std::lock_guard lock{mutex_};
            passes_ += passes;
        }
        changed_.notify_all();
    }

    // Throws when nobody opened it in time.
    void wait() {
        std::unique_lock lock{mutex_};
        if (!changed_.wait_for(lock, patience(), [&] { return passes_ > 0; })) {
            throw std::runtime_error{"a gate stayed shut"};
        }
        --passes_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int passes_ = 0;
};

}  // namespace gateway::support

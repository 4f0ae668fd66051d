// SPDX-License-Identifier: Apache-2.0
#include "net/pipe_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace gateway::net {

pipe_lease::~pipe_lease() {
    if (pool_ != nullptr) pool_->give_back({read_end_, write_end_}, held_ == 0);
}

pipe_pool::~pipe_pool() {
    for (ends const& each : idle_) {
        ::close(each.read);
        ::close(each.write);
    }
}

pipe_lease pipe_pool::lend() noexcept {
    if (!idle_.empty()) {
        ends const pipe = idle_.back();
        idle_.pop_back();
        return pipe_lease{*this, pipe.read, pipe.write};
    }
    int made[2];
    if (::pipe2(made, O_NONBLOCK | O_CLOEXEC) != 0) return {};
    // Larger pipes mean fewer calls; an unprivileged process over its pipe quota keeps 64 KiB.
    ::fcntl(made[1], F_SETPIPE_SZ, pipe_bytes);
    if (idle_.capacity() == 0) idle_.reserve(idle_max);
    return pipe_lease{*this, made[0], made[1]};
}

void pipe_pool::give_back(ends pipe, bool empty) noexcept {
    if (empty && idle_.size() < idle_max && idle_.capacity() > 0) {
        idle_.push_back(pipe);
        return;
    }
    ::close(pipe.read);
    ::close(pipe.write);
}

}  // namespace gateway::net

// SPDX-License-Identifier: Apache-2.0
#include "runtime/deadline_list.hpp"

#include "runtime/reactor.hpp"

namespace gateway::runtime {

void deadline::start(
    deadline_list& list, time_point now, watched& socket, side which, cause why) noexcept {
    stop();
    list_ = &list;
    socket_ = &socket;
    at_ = now + list.duration_;
    which_ = which;
    why_ = why;
    list.append(*this);
}

void deadline::renew(time_point now) noexcept {
    list_->unlink(*this);
    at_ = now + list_->duration_;
    list_->append(*this);
}

void deadline::stop() noexcept {
    if (list_ == nullptr) return;
    list_->unlink(*this);
    list_ = nullptr;
}

void deadline_list::append(deadline& entry) noexcept {
    entry.previous_ = back_;
    entry.next_ = nullptr;
    (back_ != nullptr ? back_->next_ : front_) = &entry;
    back_ = &entry;
}

void deadline_list::unlink(deadline& entry) noexcept {
    (entry.previous_ != nullptr ? entry.previous_->next_ : front_) = entry.next_;
    (entry.next_ != nullptr ? entry.next_->previous_ : back_) = entry.previous_;
}

void deadline_list::sweep(time_point now) noexcept {
    while (front_ != nullptr && front_->at_ <= now) {
        deadline& due = *front_;
        watched& socket = *due.socket_;
        due.stop();
        if (due.which_ != deadline::side::write) socket.abort_read(due.why_);
        if (due.which_ != deadline::side::read) socket.abort_write(due.why_);
    }
}

}  // namespace gateway::runtime

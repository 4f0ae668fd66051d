// SPDX-License-Identifier: Apache-2.0
#include "proxy/rate_watch.hpp"

namespace gateway::proxy {

watched_body::watched_body(rate_watch* watch, net::stream& from) noexcept
    : watch_(watch), from_(from), bytes_before_(from.bytes_read()) {
    if (watch_ == nullptr) return;
    next_ = watch_->first_;
    if (next_ != nullptr) next_->previous_ = this;
    watch_->first_ = this;
}

watched_body::~watched_body() {
    if (watch_ == nullptr) return;
    (previous_ != nullptr ? previous_->next_ : watch_->first_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
}

void rate_watch::ticked(milliseconds tick) noexcept {
    if (least_ == 0) return;
    for (watched_body* each = first_; each != nullptr; each = each->next_) {
        if (!each->waiting_) continue;
        ++each->ticks_waited_;
        milliseconds const waited = each->ticks_waited_ * tick;
        if (waited < grace_) continue;
        auto const came = each->from_.bytes_read() - each->bytes_before_;
        auto const ms = static_cast<std::uint64_t>(waited.count());
        if (came * 1000 < least_ * ms) each->from_.abort_read(cause::request_body_too_slow);
    }
}

}  // namespace gateway::proxy

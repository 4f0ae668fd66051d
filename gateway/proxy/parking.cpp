// SPDX-License-Identifier: Apache-2.0
#include "proxy/parking.hpp"

#include "runtime/reactor.hpp"

#include <utility>

namespace gateway::proxy {

// The first news of a wait is overtaken only by its end. Who is told runs from the loop, so that a
// pool in the middle of a change is left alone.
void parking_place::tell(news what) noexcept {
    if (has_news_ && what == news::look) return;
    news_ = what;
    has_news_ = true;
    if (waiter_) line_->home_.resume_later(std::exchange(waiter_, nullptr));
}

void parking_place::end() noexcept {
    if (line_ != nullptr) tell(news::ended);
}

void parking_place::leave() noexcept {
    if (line_ == nullptr) return;
    (ahead_ != nullptr ? ahead_->behind_ : line_->first_) = behind_;
    (behind_ != nullptr ? behind_->ahead_ : line_->last_) = ahead_;
    --line_->size_;
    line_ = nullptr;
    ahead_ = behind_ = nullptr;
}

bool parking_line::join(parking_place& last, time_point now) noexcept {
    if (size_ >= places_) return false;
    last.line_ = this;
    last.until_ = now + wait_;
    last.has_news_ = false;
    last.ahead_ = last_;
    (last_ != nullptr ? last_->behind_ : first_) = &last;
    last_ = &last;
    ++size_;
    return true;
}

void parking_line::wake(std::size_t requests) noexcept {
    for (parking_place* each = first_; each != nullptr && requests != 0; each = each->behind_) {
        if (each->has_news_) continue;  // told already
        each->tell(parking_place::news::look);
        --requests;
    }
}

// All wait equally long, so the first in the line is the first to expire.
void parking_line::sweep(time_point now) noexcept {
    for (parking_place* each = first_; each != nullptr && each->until_ <= now;
         each = each->behind_) {
        if (!each->has_news_) each->tell(parking_place::news::expired);
    }
}

void parking_line::end() noexcept {
    for (parking_place* each = first_; each != nullptr; each = each->behind_) each->end();
}

}  // namespace gateway::proxy

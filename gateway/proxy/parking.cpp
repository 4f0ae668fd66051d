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

bool parking_line::join(parking_place& place, time_point until) noexcept {
    if (size_ >= places_) return false;
    place.line_ = this;
    place.until_ = until;
    place.has_news_ = false;
    // The back, as a rule; who comes again is looked for from the front, where it was.
    parking_place* behind = nullptr;
    if (last_ != nullptr && last_->until_ > until) {
        behind = first_;
        while (behind->until_ <= until) behind = behind->behind_;
    }
    parking_place* const ahead = behind != nullptr ? behind->ahead_ : last_;
    place.ahead_ = ahead;
    place.behind_ = behind;
    (ahead != nullptr ? ahead->behind_ : first_) = &place;
    (behind != nullptr ? behind->ahead_ : last_) = &place;
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

// They stand in the order in which their waits expire.
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

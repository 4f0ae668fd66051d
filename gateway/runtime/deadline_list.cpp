// SPDX-License-Identifier: Apache-2.0
#include "runtime/deadline_list.hpp"

#include "runtime/reactor.hpp"

#include <utility>

namespace gateway::runtime {
namespace {

constexpr std::size_t slots_min = 64;
// One long wait at the front keeps the slots of all that came and went behind it. They are squeezed
// out when the ring is full and fewer than this share of it is in use, else it grows.
constexpr std::size_t sparse = 4;

}  // namespace

void deadline::start(deadline_list& list, time_point now, watched& socket, side which, cause why) {
    stop();
    list.append(*this, now + list.duration_);
    list_ = &list;
    socket_ = &socket;
    which_ = which;
    why_ = why;
}

void deadline::renew(time_point now) {
    list_->remove(*this);
    list_->append(*this, now + list_->duration_);
}

void deadline::stop() noexcept {
    if (list_ == nullptr) return;
    list_->remove(*this);
    list_ = nullptr;
}

void deadline_list::append(deadline& entry, time_point at_time) {
    if (back_ - front_ == ring_.size()) make_room();
    entry.slot_ = back_;
    at(back_++) = {at_time, &entry};
    ++live_;
}

void deadline_list::remove(deadline& entry) noexcept {
    at(entry.slot_).entry = nullptr;
    --live_;
    if (entry.slot_ == front_) drop_stopped();
}

void deadline_list::drop_stopped() noexcept {
    while (front_ != back_ && at(front_).entry == nullptr) ++front_;
}

// Moves what runs to the front of a ring that has room for it several times over.
void deadline_list::make_room() {
    std::size_t size = ring_.empty() ? slots_min : ring_.size();
    while (live_ * sparse > size) size *= 2;
    std::vector<slot> larger(size);
    std::uint64_t count = 0;
    for (std::uint64_t number = front_; number != back_; ++number) {
        slot const& each = at(number);
        if (each.entry == nullptr) continue;
        each.entry->slot_ = count;
        larger[count++] = each;
    }
    ring_ = std::move(larger);
    front_ = 0;
    back_ = count;
}

void deadline_list::sweep(time_point now) noexcept {
    while (live_ != 0 && at(front_).at <= now) expire_oldest(at(front_).entry->why_);
}

bool deadline_list::expire_oldest(cause why) noexcept {
    if (live_ == 0) return false;
    deadline& due = *at(front_).entry;
    watched& socket = *due.socket_;
    due.stop();
    if (due.which_ != deadline::side::write) socket.abort_read(why);
    if (due.which_ != deadline::side::read) socket.abort_write(why);
    return true;
}

}  // namespace gateway::runtime

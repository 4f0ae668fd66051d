// SPDX-License-Identifier: Apache-2.0
#include "runtime/reactor.hpp"

#include "base/check.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace gateway::runtime {

bool watched::open(reactor& home, int descriptor) noexcept {
    GATEWAY_DCHECK(descriptor_ < 0);
    home_ = &home;
    descriptor_ = descriptor;
    readable_ = writable_ = hung_up_ = broken_ = brings_work_ = arrived_ = false;
    crossing_ = 0;
    read_abort_ = write_abort_ = cause::none;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
    event.data.ptr = this;
    if (::epoll_ctl(home.epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0) return true;
    int const saved = errno;
    ::close(std::exchange(descriptor_, -1));
    errno = saved;
    return false;
}

void watched::close() noexcept {
    if (descriptor_ < 0) return;
    GATEWAY_DCHECK(!reader_ && !writer_);
    home_->forget(*this);
    // Closing takes it out of the epoll set, unless the descriptor was duplicated: see withdraw.
    ::close(std::exchange(descriptor_, -1));
    observer_ = nullptr;
}

void watched::withdraw() noexcept {
    if (descriptor_ < 0) return;
    ::epoll_ctl(home_->epoll_, EPOLL_CTL_DEL, descriptor_, nullptr);
    close();
}

// After its FIN the peer may still have to take what we write, so not even `hung_up` makes this
// side ready.
void watched::read_awaits_write() noexcept {
    readable_ = writable_ = false;
    crossing_ |= read_crossed;
}

void watched::write_awaits_read() noexcept {
    read_exhausted();
    writable_ = false;
    crossing_ |= write_crossed;
}

void watched::apply_crossing() noexcept {
    bool const read = (crossing_ & read_crossed) != 0 && writable_;
    bool const write = (crossing_ & write_crossed) != 0 && readable_;
    if (read) readable_ = true;
    if (write) writable_ = true;
    if (read || write) crossing_ = 0;
}

void watched::wake_crossed() noexcept {
    if ((crossing_ & read_crossed) != 0) {
        readable_ = true;
        if (reader_) home_->resume_later(std::exchange(reader_, nullptr));
    }
    if ((crossing_ & write_crossed) != 0) {
        writable_ = true;
        if (writer_) home_->resume_later(std::exchange(writer_, nullptr));
    }
    crossing_ = 0;
}

void watched::abort_read(cause why) noexcept {
    if (read_abort_ == cause::none) read_abort_ = why;
    if (reader_) home_->resume_later(std::exchange(reader_, nullptr));
}

void watched::abort_write(cause why) noexcept {
    if (write_abort_ == cause::none) write_abort_ = why;
    if (writer_) home_->resume_later(std::exchange(writer_, nullptr));
}

reactor::reactor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    waker_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | static_cast<std::uint32_t>(EPOLLET);
    event.data.ptr = this;
    if (waker_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, waker_, &event) != 0) {
        int const saved = errno;
        ::close(epoll_);
        if (waker_ >= 0) ::close(waker_);
        throw std::system_error(saved, std::generic_category(), "eventfd");
    }
    events_ = new epoll_event[events_max];
    arrivals_ = new watched*[arrivals_max];
}

reactor::~reactor() {
    ::close(epoll_);
    ::close(waker_);
    delete[] events_;
    delete[] arrivals_;
    delete[] deferred_;
}

// Each write is an edge of its own, so the count is never read; it would take 2^64 wakes to fill.
void reactor::wake() noexcept {
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const written = ::write(waker_, &one, sizeof one);
}

void reactor::wait(milliseconds timeout) noexcept {
    int const count = ::epoll_wait(epoll_, events_, events_max, static_cast<int>(timeout.count()));
    taken_ = count > 0 ? count : 0;
}

void reactor::dispatch() noexcept {
    for (position_ = 0; position_ < taken_; ++position_) {
        prefetch_behind(position_);
        epoll_event const& event = events_[position_];
        if (event.data.ptr == this) {
            woken_ = true;
        } else if (event.data.ptr != nullptr) {
            dispatch(*static_cast<watched*>(event.data.ptr), event.events);
        }
    }
    taken_ = 0;
    run_deferred();
    begin_work();
}

void reactor::begin_work() noexcept {
    for (unsigned n = 0; n < begun_per_turn && first_arrival_ != arrivals_end_; ++n) {
        watched* const socket = arrivals_[first_arrival_++ % arrivals_max];
        if (first_arrival_ != arrivals_end_) {
            __builtin_prefetch(arrivals_[first_arrival_ % arrivals_max]);
        }
        if (socket == nullptr) continue;
        socket->arrived_ = false;
        if (!socket->readable_) continue;
        if (auto const reader = std::exchange(socket->reader_, nullptr)) reader.resume();
    }
}

// With hundreds of connections under way what an event needs has left the cache. The batch says
// early what comes next: first the socket, two events later the frame that waits for it.
void reactor::prefetch_behind(int position) const noexcept {
    constexpr int sockets_ahead = 4;
    constexpr int frames_ahead = 2;
    if (position + sockets_ahead < taken_) {
        __builtin_prefetch(events_[position + sockets_ahead].data.ptr);
    }
    if (position + frames_ahead >= taken_) return;
    auto const* const next = static_cast<watched const*>(events_[position + frames_ahead].data.ptr);
    if (next == nullptr || static_cast<void const*>(next) == this || !next->reader_) return;
    auto const* const frame = static_cast<char const*>(next->reader_.address());
    for (int line = 0; line < 4; ++line) __builtin_prefetch(frame + line * 64);
}

void reactor::dispatch(watched& socket, std::uint32_t events) noexcept {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) socket.readable_ = true;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) socket.writable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) socket.hung_up_ = true;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) socket.broken_ = true;
    if (socket.crossing_ != 0) [[unlikely]]
        socket.apply_crossing();

    std::coroutine_handle<> const writer =
        socket.writable_ ? std::exchange(socket.writer_, nullptr) : nullptr;
    if (socket.brings_work_ && socket.readable_ && socket.reader_ && queue_arrival(socket)) {
        if (writer) writer.resume();
        return;
    }
    std::coroutine_handle<> const reader =
        socket.readable_ ? std::exchange(socket.reader_, nullptr) : nullptr;
    // Each resumed coroutine may end the socket's life; nothing below touches it afterwards. Two
    // tasks on one socket are joined by their owner, so resuming the first never frees the second.
    if (!reader && !writer) {
        if (socket.readable_ && socket.observer_ != nullptr) socket.observer_->stirred(socket);
        return;
    }
    if (writer) writer.resume();
    if (reader) reader.resume();
}

void reactor::run_deferred() noexcept {
    // Only what was deferred before this turn: a coroutine that defers itself again waits for the
    // next one, after fresh events.
    std::size_t const count = deferred_count_;
    for (std::size_t i = 0; i < count; ++i) deferred_[i].resume();
    std::size_t const left = deferred_count_ - count;
    for (std::size_t i = 0; i < left; ++i) deferred_[i] = deferred_[count + i];
    deferred_count_ = left;
}

void reactor::resume_later(std::coroutine_handle<> waiter) {
    if (deferred_count_ == deferred_capacity_) {
        auto* const larger = new std::coroutine_handle<>[deferred_capacity_ + deferred_chunk];
        for (std::size_t i = 0; i < deferred_count_; ++i) larger[i] = deferred_[i];
        delete[] std::exchange(deferred_, larger);
        deferred_capacity_ += deferred_chunk;
    }
    deferred_[deferred_count_++] = waiter;
}

void reactor::turn_wait::await_suspend(std::coroutine_handle<> self) const {
    home.resume_later(self);
}

// False when there is no room.
bool reactor::queue_arrival(watched& socket) noexcept {
    if (socket.arrived_) return true;
    if (arrivals_end_ - first_arrival_ == arrivals_max) return false;
    arrivals_[arrivals_end_++ % arrivals_max] = &socket;
    socket.arrived_ = true;
    return true;
}

// Rarely finds any: a socket closes while its own coroutine runs, not while its news wait.
void reactor::forget(watched& socket) noexcept {
    for (int i = position_ + 1; i < taken_; ++i) {
        if (events_[i].data.ptr == &socket) events_[i].data.ptr = nullptr;
    }
    if (!std::exchange(socket.arrived_, false)) return;
    for (auto i = first_arrival_; i != arrivals_end_; ++i) {
        watched*& arrival = arrivals_[i % arrivals_max];
        if (arrival == &socket) arrival = nullptr;
    }
}

}  // namespace gateway::runtime

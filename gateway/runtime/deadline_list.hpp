// SPDX-License-Identifier: Apache-2.0
// Deadlines of one duration are a queue: the newest expires last. Starting one appends a slot,
// stopping one empties its slot, and one sweep per core and tick looks at the front only. The slots
// lie side by side, so neither touches the memory of another wait, as a linked list would: with
// hundreds of exchanges under way those neighbours are cache misses.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gateway::runtime {

class deadline_list;
class watched;

// One wait with an end. Lives in the frame that waits; leaving the frame stops it.
class deadline {
public:
    deadline() = default;
    deadline(deadline const&) = delete;
    deadline& operator=(deadline const&) = delete;
    ~deadline() { stop(); }

    // Which sides of the socket expire. Both ends of a wait are borrowed until `stop`.
    enum class side : std::uint8_t { read, write, both };

    // Starts or restarts. On expiry `socket`'s side is aborted with `why`. Allocates only when more
    // deadlines run than ever before.
    void start(deadline_list& list, time_point now, watched& socket, side which, cause why);
    // Progress was made: the full duration again. Only while running.
    void renew(time_point now);
    void stop() noexcept;
    bool running() const noexcept { return list_ != nullptr; }

private:
    friend class deadline_list;

    deadline_list* list_ = nullptr;
    std::uint64_t slot_ = 0;  // counted from the list's first ever
    watched* socket_ = nullptr;
    side which_ = side::both;
    cause why_ = cause::none;
};

// All running deadlines of one duration on one core.
class deadline_list {
public:
    explicit deadline_list(milliseconds duration) noexcept : duration_(duration) {}
    deadline_list(deadline_list const&) = delete;
    deadline_list& operator=(deadline_list const&) = delete;

    milliseconds duration() const noexcept { return duration_; }
    // Expires what is due. Resumed coroutines run later, from the reactor.
    void sweep(time_point now) noexcept;
    // Ends the oldest wait now; false when there is none.
    bool expire_oldest(cause why) noexcept;
    bool empty() const noexcept { return live_ == 0; }
    // Slots held, those of stopped deadlines included; for tests.
    std::size_t slots() const noexcept { return ring_.size(); }

private:
    friend class deadline;

    struct slot {
        time_point at;
        deadline* entry;  // null once stopped
    };

    slot& at(std::uint64_t number) noexcept { return ring_[number & (ring_.size() - 1)]; }
    void append(deadline& entry, time_point at);
    void remove(deadline& entry) noexcept;
    void drop_stopped() noexcept;
    void make_room();

    milliseconds duration_;
    std::vector<slot> ring_;  // a power of two
    std::uint64_t front_ = 0;
    std::uint64_t back_ = 0;  // one behind the newest
    std::size_t live_ = 0;
};

}  // namespace gateway::runtime

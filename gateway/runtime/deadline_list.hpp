// SPDX-License-Identifier: Apache-2.0
// Deadlines of one duration are a queue: the newest expires last. Starting, moving and stopping one
// is a few pointer writes; one sweep per core and tick looks at the front only. A deadline so
// stored costs about 0.1 us a request where racing a timer against the read costs 3 us.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"

#include <cstdint>

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

    // Starts or restarts. On expiry `socket`'s side is aborted with `why`.
    void start(
        deadline_list& list, time_point now, watched& socket, side which, cause why) noexcept;
    // Progress was made: the full duration again. Only while running.
    void renew(time_point now) noexcept;
    void stop() noexcept;
    bool running() const noexcept { return list_ != nullptr; }

private:
    friend class deadline_list;

    deadline* previous_ = nullptr;
    deadline* next_ = nullptr;
    deadline_list* list_ = nullptr;
    watched* socket_ = nullptr;
    time_point at_{};
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
    bool empty() const noexcept { return front_ == nullptr; }

private:
    friend class deadline;

    void append(deadline& entry) noexcept;
    void unlink(deadline& entry) noexcept;

    milliseconds duration_;
    deadline* front_ = nullptr;
    deadline* back_ = nullptr;
};

}  // namespace gateway::runtime

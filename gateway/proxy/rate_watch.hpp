// SPDX-License-Identifier: Apache-2.0
// The least pace of request bodies. A timeout between two reads never ends a client that sends one
// byte a minute; a limit on the whole would end honest uploads over slow lines. So the average
// counts, and only the time in which it was the client that we waited for.
#pragma once

#include "base/units.hpp"
#include "net/stream.hpp"

#include <cstdint>

namespace gateway::proxy {

class rate_watch;

// One body under way. Registered from construction to destruction; both borrowed.
class watched_body {
public:
    // `watch` null: any pace will do.
    watched_body(rate_watch* watch, net::stream& from) noexcept;
    ~watched_body();
    watched_body(watched_body const&) = delete;
    watched_body& operator=(watched_body const&) = delete;

    // Whether it is the source that the relay waits for.
    void waits(bool for_source) noexcept { waiting_ = for_source; }

private:
    friend class rate_watch;

    rate_watch* watch_;
    net::stream& from_;
    std::uint64_t bytes_before_;
    std::uint32_t ticks_waited_ = 0;
    bool waiting_ = false;
    watched_body* previous_ = nullptr;
    watched_body* next_ = nullptr;
};

// All bodies of one core.
class rate_watch {
public:
    // Bytes a second, and how long a body may be waited for before they count.
    rate_watch(byte_count least, milliseconds grace) noexcept : least_(least), grace_(grace) {}

    // Ends those that were too slow, with cause request_body_too_slow. Once a tick.
    void ticked(milliseconds tick) noexcept;

private:
    friend class watched_body;

    byte_count least_;
    milliseconds grace_;
    watched_body* first_ = nullptr;
};

}  // namespace gateway::proxy

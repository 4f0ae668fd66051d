// SPDX-License-Identifier: Apache-2.0
// Socket pairs watched by a reactor of the test's own.
#pragma once

#include "runtime/reactor.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace gateway::runtime {

struct watched_pair {
    reactor home;
    watched socket;
    int other = -1;

    watched_pair() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        REQUIRE(socket.open(home, ends[0]));
        other = ends[1];
    }
    ~watched_pair() {
        if (other >= 0) ::close(other);
    }

    void turn() {
        home.wait(milliseconds{0});
        home.dispatch();
    }
};

// A socket of its own kind in the reactor of another pair.
struct guest {
    watched socket;
    int other = -1;

    explicit guest(reactor& home) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        REQUIRE(socket.open(home, ends[0]));
        other = ends[1];
    }
    ~guest() { ::close(other); }
};

}  // namespace gateway::runtime

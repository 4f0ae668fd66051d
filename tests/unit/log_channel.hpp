// SPDX-License-Identifier: Apache-2.0
// What a log may be written to, with the end that reads it.
#pragma once

#include "support/stream.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gateway::support {

struct channel {
    descriptor reader;
    descriptor writer;
};

inline channel make_pipe() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    return {descriptor{ends[0]}, descriptor{ends[1]}};
}

inline channel make_socket() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    return {descriptor{ends[0]}, descriptor{ends[1]}};
}

}  // namespace gateway::support

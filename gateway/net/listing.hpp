// SPDX-License-Identifier: Apache-2.0
// One address as an upstream's name lists it. The control thread publishes whole lists of them.
#pragma once

#include "net/address.hpp"

#include <cstdint>

namespace gateway::net {

struct listing {
    net::address address;
    std::uint16_t weight = 1;  // Its share of requests beside the others; never 0.
    // False: the name has it no longer, or only as a reserve. It takes new requests only while
    // nothing present is available.
    bool present = true;

    bool operator==(listing const&) const = default;
};

}  // namespace gateway::net

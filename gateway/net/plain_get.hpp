// SPDX-License-Identifier: Apache-2.0
// One GET over plain HTTP, for start-up and for commands that end with the answer: it blocks.
#pragma once

#include "base/units.hpp"

#include <string>
#include <string_view>

namespace gateway::net {

struct plain_answer {
    unsigned status = 0;  // 0: there was none, and `failure` says why
    std::string body;
    std::string failure;
};

// Asks an "http://HOST[:PORT][/PATH]" address; an IPv6 host stands in brackets. Blocks for `limit`
// at most. An answer that has not ended by then counts with what has arrived of it.
plain_answer plain_get(std::string_view url, milliseconds limit);

}  // namespace gateway::net

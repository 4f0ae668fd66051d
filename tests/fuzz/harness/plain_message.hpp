// SPDX-License-Identifier: Apache-2.0
// A second opinion: the plainest possible reader of HTTP/1.1, which knows one way to frame a
// message and none to repair it. It shares no code with the gateway's parsers. What the gateway
// writes must please it; a fault ends the program.
#pragma once

#include "base/check.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::fuzz {

struct plain_head {
    std::string first_line;
    std::vector<std::pair<std::string, std::string>> fields;

    unsigned count(std::string_view name) const;
    std::string value(std::string_view name) const;  // of the first; empty when there is none
    std::string word(int index) const;               // of the first line
};

enum class plain_kind : std::uint8_t { none, length, chunked, until_close };

struct plain_framing {
    plain_kind kind = plain_kind::none;
    std::uint64_t length = 0;
};

// Each takes what it reads off `bytes`; false when it has not all come, and then `bytes` stays.
bool read_head(std::string_view& bytes, plain_head& out);
// A partial body's payload is in `payload` all the same. Of kind until_close: never whole.
bool read_body(std::string_view& bytes, plain_framing const& framing, std::string& payload);

// At most one of Content-Length and Transfer-Encoding, once, in its one spelling.
plain_framing request_framing(plain_head const& head);
// `to_head`: it answers HEAD.
plain_framing response_framing(plain_head const& head, bool to_head);

bool same_name(std::string_view a, std::string_view b);

}  // namespace gateway::fuzz

// SPDX-License-Identifier: Apache-2.0
// Text as a JSON string, and the UTF-8 that it takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::demo {

// Length in bytes of the well-formed UTF-8 sequence that `text` begins with; 0 when there is none.
std::size_t utf8_sequence(std::string_view text) noexcept;

// With its quotes. Bytes that are not UTF-8 become U+FFFD: header fields may hold any byte, a JSON
// text may not (RFC 8259 8.1).
std::string json_string(std::string_view text);

}  // namespace gateway::demo

// SPDX-License-Identifier: Apache-2.0
// What a message's head and framing may cost. The settings `limits.header_*` move the head's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gateway::http {

// Size of the field array of a head, and so the upper bound of `limits.header_fields`.
inline constexpr std::size_t fields_capacity = 256;
// Sizes within a line are held in 16 bits; a greater `line_bytes_max` counts as this.
inline constexpr std::uint32_t line_bytes_capacity = 65'535;

struct head_limits {
    std::uint32_t bytes_max = 64 * 1024;       // from the first byte to the blank line's end
    std::uint32_t line_bytes_max = 16 * 1024;  // one line with its CRLF
    std::uint32_t fields_max = 128;            // at most fields_capacity
};

struct chunk_limits {
    std::uint32_t extension_bytes_max = 256;         // of one chunk
    std::uint32_t extension_bytes_total_max = 4096;  // of all chunks of a body
    std::uint32_t trailer_bytes_max = 8 * 1024;      // the trailer section without its blank line
    std::uint32_t trailer_fields_max = 64;
};

// A method name longer than this is longer than any that is implemented (RFC 9112 3: 501).
inline constexpr std::size_t method_bytes_max = 32;
// Options a Connection field may list; more is refused rather than half obeyed.
inline constexpr std::size_t connection_options_max = 32;
// RFC 1035 2.3.4 allows 255 octets, and nothing longer can be looked up.
inline constexpr std::size_t host_bytes_max = 255;

}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// Server-sent events (the HTML standard, 9.2) as far as a relay must know them that puts a comment
// between two events: where one ends. Events themselves are not looked at.
#pragma once

#include "http/head.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::http {

// A response whose body is an event stream as it was written: nobody has encoded it or took a part.
bool is_event_stream(response_head const& response) noexcept;

class event_stream {
public:
    // A comment alone in its block. A reader ignores it, also one that takes blocks apart by blank
    // lines before it looks at lines.
    static constexpr std::string_view heartbeat{":\n\n"};

    // Takes note of bytes of the body, in order; gives the part of them that is to be passed on.
    // That is all, but for a byte order mark that is not the first thing any more because of a
    // heartbeat.
    std::string_view pass(std::string_view bytes) noexcept;
    void heartbeat_sent() noexcept;
    // Before the first event or behind the blank line that ends one.
    bool at_boundary() const noexcept;

private:
    std::string_view without_mark(std::string_view bytes) noexcept;

    std::array<char, 3> tail_{};  // the latest bytes, the last of them at the end
    std::uint8_t tail_size_ = 0;
    std::uint8_t mark_left_ = 0;  // bytes of a byte order mark that would be dropped
};

}  // namespace gateway::http

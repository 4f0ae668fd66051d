// SPDX-License-Identifier: Apache-2.0
// WebSocket frames (RFC 6455 5.2) as far as a tunnel must know them that puts a frame of its own
// between two others: where each ends. Payloads are counted, never looked at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::http {

class web_socket_frames {
public:
    // Whose frames: a client's are masked, a server's are not (RFC 6455 5.1).
    enum class sender : std::uint8_t { client, server };

    explicit web_socket_frames(sender from) noexcept : from_(from) {}

    // Takes note of bytes that pass.
    void pass(std::string_view bytes) noexcept;
    // The same up to the end of the frame under way or, between two, of the next one; says how many
    // bytes that are.
    std::size_t pass_frame(std::string_view bytes) noexcept;

    // A control frame may stand here, in the midst of a fragmented message too (RFC 6455 5.4).
    bool at_boundary() const noexcept { return !lost_ && left_ == 0 && head_size_ == 0; }
    // What passed is no WebSocket, so nobody knows where a frame begins. For good.
    bool lost() const noexcept { return lost_; }
    // A close frame has passed, or its head at least: no data follows it (RFC 6455 5.5.1).
    bool close_seen() const noexcept { return close_seen_; }

private:
    std::size_t head_length() const noexcept;
    bool read_head() noexcept;

    std::uint64_t left_ = 0;  // of the payload
    std::array<std::uint8_t, 14> head_{};
    std::uint8_t head_size_ = 0;
    sender from_;
    bool lost_ = false;
    bool close_seen_ = false;
};

// A ping without a payload, as a server sends it (RFC 6455 5.5.2).
inline constexpr std::string_view ping{"\x89\x00", 2};
// 1001: the endpoint is going away (RFC 6455 7.4.1). As a server sends it.
inline constexpr std::string_view going_away{"\x88\x02\x03\xe9", 4};
// The same as a client sends it, under this mask.
std::array<char, 8> masked_going_away(std::uint32_t mask) noexcept;

}  // namespace gateway::http

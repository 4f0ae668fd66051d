// SPDX-License-Identifier: Apache-2.0
#include "http/web_socket.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t close_code = 8;

constexpr bool is_control(std::uint8_t code) { return code >= 8; }
constexpr bool is_known(std::uint8_t code) { return code <= 2 || (code >= 8 && code <= 10); }

}  // namespace

void web_socket_frames::pass(std::string_view bytes) noexcept {
    while (!bytes.empty()) bytes.remove_prefix(pass_frame(bytes));
}

std::size_t web_socket_frames::pass_frame(std::string_view bytes) noexcept {
    if (lost_) return bytes.size();
    std::size_t used = 0;
    while (left_ == 0 && used < bytes.size()) {
        head_[head_size_++] = static_cast<std::uint8_t>(bytes[used++]);
        if (head_size_ < head_length()) continue;
        if (!read_head()) {
            lost_ = true;
            return bytes.size();
        }
        head_size_ = 0;
        if (left_ == 0) return used;
    }
    std::size_t const payload = std::min<std::uint64_t>(left_, bytes.size() - used);
    left_ -= payload;
    return used + payload;
}

// As far as the bytes so far tell.
std::size_t web_socket_frames::head_length() const noexcept {
    if (head_size_ < 2) return 2;
    std::uint8_t const length = head_[1] & 0x7f;
    std::size_t const extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    return 2 + extended + ((head_[1] & mask_bit) != 0 ? 4 : 0);
}

// The reserved bits belong to extensions, which leave the framing alone (RFC 6455 9).
bool web_socket_frames::read_head() noexcept {
    std::uint8_t const code = head_[0] & 0x0f;
    std::uint8_t const length = head_[1] & 0x7f;
    if (!is_known(code)) return false;
    if (((head_[1] & mask_bit) != 0) != (from_ == sender::client)) return false;
    if (is_control(code) && (length > 125 || (head_[0] & final_bit) == 0)) return false;
    std::uint64_t payload = length;
    if (length >= 126) {
        payload = 0;
        std::size_t const extended = length == 126 ? 2 : 8;
        for (std::size_t i = 0; i < extended; ++i) payload = payload << 8 | head_[2 + i];
        if (payload >> 63 != 0) return false;
    }
    left_ = payload;
    close_seen_ = close_seen_ || code == close_code;
    return true;
}

std::array<char, 8> masked_going_away(std::uint32_t mask) noexcept {
    std::array<std::uint8_t, 8> const bytes{
        final_bit | close_code,
        mask_bit | 2,
        static_cast<std::uint8_t>(mask >> 24),
        static_cast<std::uint8_t>(mask >> 16),
        static_cast<std::uint8_t>(mask >> 8),
        static_cast<std::uint8_t>(mask),
        static_cast<std::uint8_t>(0x03 ^ (mask >> 24)),
        static_cast<std::uint8_t>(0xe9 ^ (mask >> 16))};
    std::array<char, 8> out{};
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

}  // namespace gateway::http

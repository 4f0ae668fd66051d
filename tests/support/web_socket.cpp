// SPDX-License-Identifier: Apache-2.0
#include "support/web_socket.hpp"

#include <stdexcept>

namespace gateway::support {
namespace {

void append_number(std::string& bytes, std::uint64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
        bytes += static_cast<char>((value >> shift) & 0xff);
    }
}

std::uint64_t number_of(std::string_view bytes) {
    std::uint64_t value = 0;
    for (char const byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

std::string masked(std::string_view payload, std::string const& mask) {
    std::string bytes{payload};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(bytes[i] ^ mask[i % 4]);
    }
    return bytes;
}

}  // namespace

web_socket::web_socket(std::uint16_t port, std::string const& target) : client_{port} {
    client_.send(get_request(
        target,
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    handshake_ = client_.receive_only_head();
    if (handshake_.status() != 101) throw std::runtime_error{handshake_.head};
}

// RFC 6455 5.2: final fragment, mask bit, the length in 7, 16 or 64 bits, the mask, the payload.
void web_socket::send(opcode kind, std::string_view payload) {
    std::string bytes{static_cast<char>(0x80 | static_cast<unsigned char>(kind))};
    if (payload.size() < 126) {
        bytes += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 65'536) {
        bytes += static_cast<char>(0x80 | 126);
        append_number(bytes, payload.size(), 2);
    } else {
        bytes += static_cast<char>(0x80 | 127);
        append_number(bytes, payload.size(), 8);
    }
    std::string mask;
    append_number(mask, mask_ = mask_ * 1103515245 + 12345, 4);
    client_.send(bytes + mask + masked(payload, mask));
}

web_socket::frame web_socket::receive() {
    auto const head = client_.receive_bytes(2);
    std::uint64_t size = static_cast<unsigned char>(head[1]) & 0x7f;
    if (size == 126) size = number_of(client_.receive_bytes(2));
    if (size == 127) size = number_of(client_.receive_bytes(8));
    auto const kind = static_cast<opcode>(static_cast<unsigned char>(head[0]) & 0x0f);
    bool const is_masked = (static_cast<unsigned char>(head[1]) & 0x80) != 0;
    auto const mask = is_masked ? client_.receive_bytes(4) : std::string(4, '\0');
    return {kind, masked(client_.receive_bytes(size), mask)};
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// The origin's side of an upgrade: what it agrees with, and an echo behind it.
#pragma once

#include "support/imposter_origin.hpp"

namespace gateway::support {

inline constexpr char const* switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

// Agrees to any upgrade and sends every byte back until the other side has said its last.
inline void echo(origin_connection& connection) {
    connection.receive_request();
    connection.send(switching);
    for (auto said = connection.receive_some(); !said.empty(); said = connection.receive_some()) {
        connection.send(said);
    }
}

// To be called with the request read. Agrees to a WebSocket: frames of up to 125 bytes come back
// without their mask, and the one that closes is answered with the last.
inline void echo_frames(origin_connection& connection) {
    connection.send(switching);
    for (;;) {
        auto const head = connection.receive_bytes(6);
        std::size_t const size = static_cast<unsigned char>(head[1]) & 0x7f;
        auto payload = connection.receive_bytes(size);
        for (std::size_t i = 0; i < size; ++i) payload[i] ^= head[2 + i % 4];
        connection.send(head.substr(0, 1) + static_cast<char>(size) + payload);
        if ((head[0] & 0x0f) == 8) return;
    }
}

}  // namespace gateway::support

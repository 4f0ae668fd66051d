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

}  // namespace gateway::support

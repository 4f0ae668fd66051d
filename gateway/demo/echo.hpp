// SPDX-License-Identifier: Apache-2.0
// What comes in goes out.
#pragma once

#include "demo/connection.hpp"

namespace gateway::demo {

// Streams the request's body back as it arrives, holding one piece of it. Without a body it answers
// with the request's head as JSON.
awaitable<void> answer_echo(connection& client);

// Accepts a WebSocket (RFC 6455) and sends each message back, text as text, binary as binary.
awaitable<void> answer_web_socket(connection& client);

}  // namespace gateway::demo

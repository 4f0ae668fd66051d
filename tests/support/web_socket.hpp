// SPDX-License-Identifier: Apache-2.0
// The client's side of RFC 6455, as far as an echo needs it: a handshake, whole messages, masked.
#pragma once

#include "support/raw_client.hpp"

#include <string>
#include <string_view>

namespace gateway::support {

class web_socket {
public:
    // Throws when the other side does not switch protocols.
    web_socket(std::uint16_t port, std::string const& target);

    enum class opcode : unsigned char { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
    struct frame {
        opcode kind;
        std::string payload;
    };

    void send(opcode kind, std::string_view payload);
    frame receive();

    message const& handshake() const { return handshake_; }
    raw_client& transport() { return client_; }

private:
    raw_client client_;
    message handshake_;
    unsigned mask_ = 0x5eed;  // predictable on purpose: masking protects browsers, not tests
};

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// One listening socket of one core. Every core binds the same address with SO_REUSEPORT and the
// kernel spreads new connections over them, so no core hands a connection to another. Or it takes
// over a socket that listens already: the service manager's, or that of the process before this
// one.
#pragma once

#include "net/address.hpp"
#include "runtime/core.hpp"

#include <cstdint>
#include <functional>

namespace gateway::net {

// Lives on one core; `start` and `stop` run there.
class listener final : private runtime::stir_observer {
public:
    struct events {
        // Takes ownership of a non-blocking descriptor with TCP_NODELAY set.
        std::function<void(int descriptor, address const& peer)> accepted;
        // accept failed for want of descriptors or memory: accepting pauses and is tried again at
        // each tick. Told once until it succeeds.
        std::function<void(int error)> failed;
    };

    static constexpr int backlog = 4096;  // the kernel caps it at net.core.somaxconn

    // Binds and listens; throws std::system_error naming the address. Port 0 takes a free one.
    listener(runtime::core& home, address const& at, events told);
    // Takes over a non-blocking socket that others hold too and may go on with.
    listener(runtime::core& home, int descriptor, events told);
    ~listener();

    std::uint16_t port() const noexcept { return port_; }
    void start();
    // Takes what the kernel has accepted already, unless others go on with the socket, then closes.
    // Nothing is accepted afterwards.
    void stop();
    // Others go on with the socket from now on; ends it here.
    void hand_over();
    // For whom it is handed to; before that.
    int descriptor() const noexcept { return descriptor_; }

private:
    static constexpr int accepts_per_turn = 256;

    void begin();
    void stirred(runtime::watched& socket) override;
    void accept_all();
    bool accept_some();

    runtime::core& home_;
    events told_;
    int descriptor_;
    std::uint16_t port_ = 0;
    bool shared_ = false;  // others hold it too: what waits there is not lost when we close
    bool paused_ = false;
    bool failing_ = false;  // since the last connection that could be accepted
    runtime::watched socket_;
};

}  // namespace gateway::net

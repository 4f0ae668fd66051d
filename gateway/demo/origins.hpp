// SPDX-License-Identifier: Apache-2.0
// The two upstreams that `gateway demo` stands in front of: real HTTP/1.1 servers on loopback
// ports, reached over TCP like any other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace gateway::demo {

// Owns its thread. Create, start, stop and destroy it from one thread.
class origins {
public:
    // Binds both on 127.0.0.1 and makes a private temporary folder for uploads. Throws
    // std::system_error when the system gives no port or no folder.
    origins();
    ~origins();  // stops and removes the folder
    origins(origins const&) = delete;
    origins& operator=(origins const&) = delete;

    void start();  // once
    void stop();   // closes all connections and joins; may be called again

    std::uint16_t frontend_port() const;
    std::uint16_t backend_port() const;
    std::string uploads_folder() const;

private:
    struct servers;
    std::unique_ptr<servers> servers_;
};

}  // namespace gateway::demo

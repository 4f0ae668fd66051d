// SPDX-License-Identifier: Apache-2.0
// One of the demo's two upstreams as a server of its own, for a container: the demo as a stack of
// three containers instead of one process.
#pragma once

#include "base/units.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gateway::demo {

enum class origin_kind : std::uint8_t { frontend, backend };

// How a lone origin ends: its answers say that they are the last for `announce`, so that those who
// keep connections to it choose another in time; what runs then has `finish`.
struct ending {
    milliseconds announce = 2s;
    milliseconds finish = 3s;
};

class lone_origin {
public:
    // Binds; throws std::system_error. `host` is a literal address.
    lone_origin(origin_kind which, std::string const& host, std::uint16_t port, ending how = {});
    ~lone_origin();
    lone_origin(lone_origin const&) = delete;
    lone_origin& operator=(lone_origin const&) = delete;

    std::uint16_t port() const;
    // Serves until SIGTERM or SIGINT, then ends gently; a second signal ends it at once.
    // `signalled` is called with the first one's number.
    void run(std::function<void(int)> const& signalled);

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace gateway::demo

// SPDX-License-Identifier: Apache-2.0
// Sockets that listen already when this process starts: opened by the service manager (systemd's
// socket activation, sd_listen_fds(3)), or by the process that this one replaces (app/upgrade).
// Whoever connects meanwhile waits in their queues; nobody is turned away.
#pragma once

#include "net/address.hpp"
#include "settings/settings.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace gateway::app {

class handed_sockets {
public:
    // From the process before: "LINE:SOCKET,SOCKET", all descriptors.
    static constexpr char const* variable = "GATEWAY_HANDOVER";

    // What the environment tells of, which is taken out of it. Each socket belongs to the listener
    // or admin address that it is bound to. Throws std::runtime_error, with what to change, when
    // the service manager's sockets and the configuration do not match. From the process before, a
    // socket may be missing or be one too many: then the configuration has changed.
    static handed_sockets take(
        std::vector<net::address> const& listeners, settings::host_port const& admin);

    // One core's sockets for a listener; none when the core has to bind its own. Several cores may
    // get the same, and a core several: each is somebody's. The caller owns them.
    std::vector<int> of(std::size_t listener, std::size_t core, std::size_t cores) const;
    std::optional<int> admin() const noexcept { return admin_; }
    std::size_t count() const noexcept { return count_; }
    // To the process that this one replaces; -1: there is none. The caller owns it.
    int line() const noexcept { return line_; }

private:
    struct socket;
    struct told;  // by the environment
    static told tell();
    void take_in(std::vector<socket>& all, told const& from);
    void claim(std::vector<socket>& all, std::vector<net::address> const& listeners);
    void claim_any_port(std::vector<socket>& all, std::vector<net::address> const& listeners);
    void claim_admin(std::vector<socket>& all, settings::host_port const& address);

    std::vector<std::vector<int>> listeners_;
    std::optional<int> admin_;
    std::size_t count_ = 0;
    int line_ = -1;
};

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// The whole process put together from one snapshot of settings: cores with their shards and
// listeners, the resolver, the admin server, the signals.
#pragma once

#include "app/reloader.hpp"
#include "settings/settings.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gateway::app {

class gateway {
public:
    // Binds every address; throws std::system_error when one cannot be had. Nothing is accepted
    // yet. SIGHUP loads the configuration from `again` anew.
    explicit gateway(settings::snapshot const& wanted, reload_source again = {});
    ~gateway();
    gateway(gateway const&) = delete;
    gateway& operator=(gateway const&) = delete;

    // Serves until SIGTERM or SIGINT, then drains: nothing new is accepted, what runs is finished
    // within timeouts.drain. A second signal ends the process at once with exit_failure.
    // `ready` is called once when connections are accepted. Returns the exit code.
    int run(std::function<void()> const& ready);

    std::uint16_t port(std::size_t listener) const;
    std::uint16_t admin_port() const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// Probes the endpoints of the upstreams that have a health check, once for the whole process: one
// core has one. It tells the control thread what changed; every core hears of it from there.
#pragma once

#include "net/stream.hpp"
#include "net/tls_client.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_state.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"
#include "settings/settings.hpp"
#include "upstream/hash.hpp"
#include "upstream/health_state.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace gateway::proxy {

struct probe_verdict;

// Lives on one core. Probes run as tasks; each begins on the core's tick, at most one at a time for
// an endpoint.
class health_checker {
public:
    // Probes of all upstreams that may be under way at the same time; further ones wait.
    static constexpr std::size_t probes_max = 256;

    // All are borrowed. `tls` may be null when no upstream needs it.
    health_checker(
        runtime::core& home,
        observe::traffic_counters& counters,
        settings::snapshot const& settings,
        endpoint_watch& watch,
        net::tls_store const* tls = nullptr);
    // On any thread once the core no longer runs.
    ~health_checker();
    health_checker(health_checker const&) = delete;
    health_checker& operator=(health_checker const&) = delete;

    // All endpoints of the upstream. New ones are probed at once.
    void set_endpoints(std::size_t upstream, std::span<endpoint_state const> states);
    // Ends the probes under way and begins no more.
    void stop() noexcept;

private:
    struct target;

    static runtime::task<void> run(health_checker& self, target& one);
    void ticked(time_point now);
    void begin_due(time_point now);
    void settle(target& one, probe_verdict const& verdict);
    target& target_for(std::size_t upstream, endpoint_state const& state);

    runtime::core& home_;
    observe::traffic_counters& counters_;
    settings::snapshot const& settings_;
    endpoint_watch& watch_;
    upstream::random_numbers random_;
    std::vector<std::unique_ptr<net::tls_client>> tls_;  // by upstream; null: plain
    std::vector<std::unique_ptr<target>> targets_;
    std::size_t under_way_ = 0;
    bool stopped_ = false;
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// Probes the endpoints of the upstreams that have a health check, once for the whole process: one
// core has one. It tells the control thread what changed; every core hears of it from there.
#pragma once

#include "net/stream.hpp"
#include "net/tls_client.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/edition.hpp"
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

    // Borrows all but the settings. `tls` may be null when no upstream needs it.
    health_checker(
        runtime::core& home,
        observe::traffic_counters& counters,
        edition const& first,
        endpoint_watch& watch,
        net::tls_store const* tls = nullptr);
    // On any thread once the core no longer runs.
    ~health_checker();
    health_checker(health_checker const&) = delete;
    health_checker& operator=(health_checker const&) = delete;

    // Upstreams that were not there before; the others stay as they are.
    void prepare(edition const& next, net::tls_store const* tls);
    // Whatever is probed by other rules from now on begins anew when its endpoints are told; what
    // the probes said before stays true until then.
    void adopt(edition const& next, net::tls_store const* tls);

    // All endpoints of the upstream, by its number. New ones are probed at once.
    void set_endpoints(std::size_t upstream, std::span<endpoint_state const> states);
    // Ends the probes under way and begins no more.
    void stop() noexcept;

private:
    struct target;
    // An upstream's rules, by its number.
    struct probed_upstream {
        settings::upstream rules;
        std::string tls_fingerprint;
        std::unique_ptr<net::tls_client> tls;  // null: plain
    };

    void take_rules(
        settings::upstream const& rules, std::size_t number, net::tls_credentials const* tls);
    static runtime::task<void> run(health_checker& self, target& one);
    void ticked(time_point now);
    void begin_due(time_point now);
    void settle(target& one, probe_verdict const& verdict);
    void drop_unlisted() noexcept;
    target& target_for(std::size_t upstream, endpoint_state const& state);

    runtime::core& home_;
    observe::traffic_counters& counters_;
    endpoint_watch& watch_;
    upstream::random_numbers random_;
    std::vector<std::unique_ptr<probed_upstream>> upstreams_;  // by number; null: none
    // Of rules that no longer hold, while a probe goes by them.
    std::vector<std::unique_ptr<probed_upstream>> retired_;
    std::vector<std::unique_ptr<target>> targets_;
    std::size_t under_way_ = 0;
    bool stopped_ = false;
};

}  // namespace gateway::proxy

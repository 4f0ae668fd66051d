// SPDX-License-Identifier: Apache-2.0
// The choice between endpoints. One balancer serves one group of candidates on one core; it reads
// what that core knows and nothing else, and it begins at another place on every core, or all of
// them would send their first requests to the same endpoint.
#pragma once

#include "settings/endpoint_settings.hpp"
#include "upstream/candidate.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace gateway::upstream {

class balancer {
public:
    virtual ~balancer() = default;

    // Before the first choice, and whenever candidates came, went or changed their weight. May
    // change their `turn`.
    virtual void arrange(std::span<candidate> among) = 0;

    // The index of a candidate with room, not `avoid`, or `nobody`. `key` is the request's, for
    // those who choose by it. Allocates nothing.
    virtual std::size_t choose(
        std::span<candidate> among, std::uint64_t key, std::size_t avoid) noexcept = 0;
};

// `start` differs from core to core. Of `sticky_cookie` it is the choice for a request without a
// cookie, the less busy of two.
std::unique_ptr<balancer> make_balancer(settings::balance_method method, std::uint64_t start);

}  // namespace gateway::upstream

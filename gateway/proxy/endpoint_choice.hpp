// SPDX-License-Identifier: Apache-2.0
// Which endpoint a request goes to, from what one core knows. Endpoints fall into groups that are
// asked in order: those in the own zone, the others, those that drain, and, where fail_open says
// so, those that are unhealthy or ejected. Lives on one core; a choice allocates nothing.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"
#include "proxy/endpoint_state.hpp"
#include "settings/settings.hpp"
#include "upstream/balancer.hpp"
#include "upstream/candidate.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gateway::proxy {

struct endpoint;

// What of a request matters for the choice; see balance_key.
struct choice_key {
    std::uint64_t hash = 0;    // of what `balance.hash_on` names
    std::uint64_t sticky = 0;  // the endpoint its cookie names; 0: none
};

// Without an endpoint `why` says what is missing: name_unresolved, no_endpoint (none is available)
// or endpoints_full.
struct chosen_endpoint {
    endpoint* at = nullptr;
    cause why = cause::none;
};

// Where a request could not connect. Further ones are forgotten.
class unreached_endpoints {
public:
    static constexpr std::size_t max = 4;

    void add(endpoint const& one) noexcept {
        if (count_ < all_.size()) all_[count_++] = &one;
    }
    std::span<endpoint const* const> view() const noexcept { return {all_.data(), count_}; }

private:
    std::array<endpoint const*, max> all_{};
    std::uint8_t count_ = 0;
};

class endpoint_choice {
public:
    endpoint_choice(settings::upstream const& rules, std::uint64_t start);

    // After a change of the rules it was made with. `start` as before; arrange() follows.
    void take_rules(std::uint64_t start);

    // The endpoints that are listed now, by their `state`. Gives each its seat.
    void arrange(std::span<endpoint* const> listed, time_point now);
    // Slow starts go on. To be called every tick.
    void ticked(time_point now);

    // `avoid` and `unreached` are passed over while there is another.
    chosen_endpoint choose(
        choice_key key,
        endpoint const* avoid,
        unreached_endpoints const& unreached = {}) const noexcept;
    // Whether a request that failed at `tried` and at `unreached` has anywhere else to go.
    bool has_other_than(
        endpoint const& tried, unreached_endpoints const& unreached = {}) const noexcept;
    bool has_available() const noexcept { return available_ != 0; }

private:
    enum tier : std::uint8_t { near, far, draining, reserve };
    static constexpr std::size_t tier_count = 4;
    static constexpr std::uint8_t no_tier = tier_count;

    struct group {
        std::size_t begin = 0;
        std::size_t size = 0;
        std::unique_ptr<upstream::balancer> balancer;
    };

    std::uint8_t tier_of(endpoint_state const& state) const noexcept;
    void weigh(time_point now);
    endpoint* choose_from(
        group const& from, choice_key key, upstream::candidate const* avoid) const noexcept;
    chosen_endpoint choose_any(choice_key key, endpoint const* avoid) const noexcept;
    bool seats(group const& in, upstream::candidate const* one) const noexcept;

    settings::upstream const& rules_;
    settings::balance_method method_;
    bool by_zone_;
    std::array<group, tier_count> groups_;
    mutable std::vector<upstream::candidate> candidates_;  // by tier; a choice moves their turns
    std::vector<endpoint*> owners_;                        // of the candidates
    std::size_t listed_ = 0;
    std::size_t available_ = 0;  // in tiers before `reserve`
    bool warming_ = false;
};

}  // namespace gateway::proxy

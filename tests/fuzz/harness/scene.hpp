// SPDX-License-Identifier: Apache-2.0
// One core of the gateway between clients and an origin that a script plays over the simulated
// network. Made once; each script leaves it as it found it.
#pragma once

#include "harness/simulated_network.hpp"
#include "proxy/shard.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gateway::fuzz {

class scene {
public:
    scene();

    simulated_link& connect_client();
    // Lets the core work until nothing is left to do at this moment.
    void settle();
    void pass(milliseconds time);

    std::vector<simulated_link*> const& clients() const { return clients_; }
    std::vector<simulated_link*> const& upstream() const { return net_.upstream(); }
    void refuse_next_connect() { net_.refuse_next_connect(); }

    std::uint64_t exchanges_settled() const { return counters_.exchanges_settled(); }

    bool anyone_waits_for_room() const;
    milliseconds longest_wait_in_line() const { return settings_.upstreams[0].queue.wait; }
    // The origin leaves, and all that the gateway waits for is too late.
    void end_origin();
    // Ends everything and checks that nothing is left.
    void finish();

private:
    simulated_network& net_ = simulated_network::instance();
    settings::snapshot settings_;
    runtime::core core_{0};
    observe::traffic_counters counters_{1, 1};
    net::admission admission_{{.connections = 1000}};
    std::unique_ptr<proxy::shard> shard_;
    std::vector<simulated_link*> clients_;
};

}  // namespace gateway::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "harness/scene.hpp"

#include "base/check.hpp"
#include "net/address.hpp"

#include <array>

namespace gateway::fuzz {
namespace {

constexpr std::chrono::minutes all_waits{2};

settings::snapshot one_upstream() {
    settings::snapshot made;
    made.upstreams.push_back({.name = "app", .endpoints = {{{"127.0.0.1", 1}}}, .host = ""});
    settings::route route;
    route.name = route.prefix = "/";
    route.upstream = "app";
    made.routes.push_back(route);
    made.limits.splice_threshold = 0;  // bytes that stay in the kernel have no place here
    made.limits.body_bytes = 64 * 1024;
    // Shorter than `all_waits`: the simulated clock goes on from session to session, and must last
    // for millions of them.
    made.timeouts.response_body = made.timeouts.tunnel_idle = std::chrono::minutes{1};
    return made;
}

}  // namespace

scene::scene() : settings_(one_upstream()) {
    shard_ = std::make_unique<proxy::shard>(core_, settings_, 1, counters_, nullptr, admission_);
    std::array<proxy::endpoint_state, 1> const endpoints{
        {{.address = *net::address::from_literal("127.0.0.1", 1)}}};
    shard_->pools[0]->set_endpoints(endpoints);
}

simulated_link& scene::connect_client() {
    int descriptor = -1;
    simulated_link& link = net_.connect_client(descriptor);
    clients_.push_back(&link);
    shard_->serve(descriptor, net::address::from_literal("203.0.113.7", 1)->bytes(), 8080);
    return link;
}

void scene::settle() {
    int turns = 0;
    core_.run_until([&] {
        GATEWAY_CHECK(++turns < 20'000);  // it spins
        return !net_.has_news() && !core_.reactor().has_work() && turns > 1;
    });
}

void scene::pass(milliseconds time) {
    settle();
    net_.now += time;
    settle();
}

bool scene::anyone_waits_for_room() const { return net_.anyone_waits_for_room(); }

void scene::end_origin() {
    for (auto* const each : upstream()) each->reset();
    for (int i = 0; i < 3; ++i) pass(all_waits);
}

void scene::finish() {
    end_origin();
    for (auto* const client : clients_) client->reset();
    for (int i = 0; i < 3; ++i) pass(all_waits);
    GATEWAY_CHECK(shard_->open_sessions() == 0);
    GATEWAY_CHECK(core_.blocks().bytes_lent() == 0);
    GATEWAY_CHECK(counters_.exchanges_in_flight() == 0);
    GATEWAY_CHECK(counters_.connections_active() == 0 && counters_.connections_idle() == 0);
    GATEWAY_CHECK(counters_.tunnels_open() == 0);
    GATEWAY_CHECK(admission_.open() == 0);
    GATEWAY_CHECK(net_.clear());
    clients_.clear();
}

}  // namespace gateway::fuzz

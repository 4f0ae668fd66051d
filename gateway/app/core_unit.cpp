// SPDX-License-Identifier: Apache-2.0
#include "app/core_unit.hpp"

#include "observe/log.hpp"

#include <pthread.h>

#include <cstring>
#include <string>

namespace gateway::app {

core_unit::core_unit(
    std::size_t index,
    std::size_t cores,
    settings::snapshot const& wanted,
    std::vector<net::address>& addresses,
    observe::access_log_writer* log,
    net::admission& admission,
    proxy::endpoint_watch& endpoints,
    net::tls_store const& tls)
    : core_(index),
      counters_(
          wanted.routes.size(),
          wanted.upstreams.size(),
          observe::histogram_bounds{wanted.metrics.buckets}),
      shard_(core_, wanted, cores, counters_, log, admission, &endpoints, &tls) {
    if (index == 0) {
        health_ = std::make_unique<proxy::health_checker>(
            core_, counters_, shard_.settings, endpoints, &tls);
    }
    for (net::address& address : addresses) {
        auto port = std::make_shared<std::uint16_t>(address.port());
        listeners_.push_back(std::make_unique<net::listener>(
            core_, address,
            net::listener::events{
                .accepted =
                    [this, port](int descriptor, net::address const& peer) {
                        shard_.serve(descriptor, peer.bytes(), *port);
                    },
                .failed =
                    [this](int error) {
                        counters_.accept_failed();
                        observe::log_warn(
                            "cannot accept connections ({}); trying again in {} ms",
                            std::strerror(error), runtime::core::tick.count());
                    }}));
        *port = listeners_.back()->port();
        address.set_port(*port);
    }
    core_.every_tick([this](time_point now) {
        beat_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    });
}

void core_unit::start() {
    beat_.store(clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    thread_ = std::thread([this] { core_.run(); });
    ::pthread_setname_np(
        thread_.native_handle(), ("core-" + std::to_string(core_.index())).c_str());
}

void core_unit::listen() {
    core_.post([this] {
        for (auto const& each : listeners_) each->start();
    });
}

core_unit::~core_unit() = default;

void core_unit::set_endpoints(std::size_t upstream, std::vector<proxy::endpoint_state> states) {
    core_.post([this, upstream, states = std::move(states)] {
        shard_.pools[upstream]->set_endpoints(states);
        if (health_) health_->set_endpoints(upstream, states);
    });
}

void core_unit::leave() {
    core_.post([this] { shard_.leave(); });
}

void core_unit::drain(time_point tunnels_until) {
    core_.post([this, tunnels_until] {
        for (auto const& each : listeners_) each->stop();
        shard_.drain(tunnels_until);
        if (health_) health_->stop();
    });
}

void core_unit::cut() {
    core_.post([this] { shard_.cut(); });
}

void core_unit::stop() {
    if (!thread_.joinable()) return;
    core_.stop();
    thread_.join();
}

bool core_unit::is_live(time_point now) const noexcept {
    time_point const beat{clock::duration{beat_.load(std::memory_order_relaxed)}};
    return now - beat < 1s;
}

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
#include "app/core_unit.hpp"

#include "observe/log.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace gateway::app {

core_unit::core_unit(
    std::size_t index,
    std::size_t cores,
    settings::snapshot const& wanted,
    std::vector<net::address>& addresses,
    handed_sockets const& handed,
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
            core_, counters_, proxy::first_edition(wanted), endpoints, &tls);
    }
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        auto const sockets = handed.of(i, index, cores);
        if (sockets.empty()) open_listener(addresses[i], std::nullopt);
        for (int const socket : sockets) open_listener(addresses[i], socket);
    }
    core_.every_tick([this](time_point now) {
        beat_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    });
}

void core_unit::open_listener(net::address& address, std::optional<int> handed) {
    auto port = std::make_shared<std::uint16_t>(address.port());
    net::listener::events told{
        .accepted =
            [this, port](int descriptor, net::address const& peer) {
                shard_.serve(descriptor, peer.bytes(), *port);
            },
        .failed =
            [this](int error) {
                counters_.accept_failed();
                observe::log_warn(
                    "cannot accept connections ({}); trying again in {} ms", std::strerror(error),
                    runtime::core::tick.count());
            }};
    listeners_.push_back(
        handed ? std::make_unique<net::listener>(core_, *handed, std::move(told))
               : std::make_unique<net::listener>(core_, address, std::move(told)));
    *port = listeners_.back()->port();
    address.set_port(*port);
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

void core_unit::prepare(shared_edition next, shared_tls tls) {
    core_.post([this, next = std::move(next), tls = std::move(tls)] {
        shard_.prepare(*next, tls.get());
        if (health_) health_->prepare(*next, tls.get());
    });
}

void core_unit::adopt(
    shared_edition next,
    shared_tls tls,
    observe::access_log_writer* log,
    std::function<void()> done) {
    core_.post([this, next = std::move(next), tls = std::move(tls), log, done = std::move(done)] {
        shard_.adopt(*next, tls.get(), log);
        if (health_) health_->adopt(*next, tls.get());
        done();
    });
}

void core_unit::set_endpoints(std::size_t upstream, std::vector<proxy::endpoint_state> states) {
    core_.post([this, upstream, states = std::move(states)] {
        if (auto const& pool = shard_.pools[upstream]) pool->set_endpoints(states);
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

void core_unit::hand_over() {
    core_.post([this] {
        for (auto const& each : listeners_) each->hand_over();
    });
}

std::vector<int> core_unit::sockets() const {
    std::vector<int> all;
    for (auto const& each : listeners_) all.push_back(each->descriptor());
    return all;
}

void core_unit::cut() {
    core_.post([this] { shard_.cut(); });
}

void core_unit::stop() {
    if (!thread_.joinable()) return;
    core_.stop();
    thread_.join();
}

milliseconds core_unit::silent_for(time_point now) const noexcept {
    time_point const beat{clock::duration{beat_.load(std::memory_order_relaxed)}};
    return std::max(std::chrono::duration_cast<milliseconds>(now - beat), milliseconds{0});
}

void core_unit::ask_in_flight(
    proxy::inflight_query const& query, std::function<void(proxy::inflight_found)> done) {
    core_.post([this, query, done = std::move(done)] {
        go_on(std::make_shared<proxy::inflight_look>(shard_, query), done);
    });
}

// Other work of the core comes between two slices.
void core_unit::go_on(
    std::shared_ptr<proxy::inflight_look> const& look,
    std::function<void(proxy::inflight_found)> const& done) {
    if (look->go_on()) {
        auto found = look->take();
        for (auto& row : found.rows) row.core = core_.index();
        done(std::move(found));
    } else {
        core_.post([this, look, done] { go_on(look, done); });
    }
}

void core_unit::ask_errors(
    std::uint64_t newer_than, std::function<void(std::vector<observe::noted_error>)> done) {
    core_.post(
        [this, newer_than, done = std::move(done)] { done(shard_.errors.newer_than(newer_than)); });
}

void core_unit::shadow(std::shared_ptr<settings::snapshot const> candidate) {
    core_.post([this, candidate = std::move(candidate)] {
        shard_.shadow = candidate ? std::make_unique<proxy::shadow>(*candidate) : nullptr;
    });
}

void core_unit::ask_shadow(std::function<void(proxy::shadow_figures)> done) {
    core_.post([this, done = std::move(done)] {
        done(shard_.shadow ? shard_.shadow->figures() : proxy::shadow_figures{});
    });
}

void core_unit::close_routes(std::vector<proxy::shard::closed_route> all) {
    core_.post([this, all = std::move(all)] { shard_.closed_routes = all; });
}

}  // namespace gateway::app

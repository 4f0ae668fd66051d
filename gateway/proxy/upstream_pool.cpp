// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream_pool.hpp"

#include "net/dialer.hpp"
#include "upstream/hash.hpp"

#include <algorithm>

namespace gateway::proxy {
namespace {

// Above the limit a connection may still wait this long for its next request: under load it is
// taken again within milliseconds, and closing it would cost a connect.
constexpr milliseconds surplus_grace{1'000};
constexpr std::size_t spare_max = 1024;
// A dead endpoint fails thousands of times a second; the control thread hears of it this often.
constexpr milliseconds failure_told_pause{500};

// Gateways that start side by side begin elsewhere too.
std::uint64_t process_start() {
    static std::uint64_t const start =
        upstream::scramble(static_cast<std::uint64_t>(clock::now().time_since_epoch().count()));
    return start >> 32;  // cores add to it
}

}  // namespace

void upstream_connection::stirred(runtime::watched&) {
    if (idle) at.pool.drop_idle(*this);
}

void lease::settle() noexcept {
    if (connection_ != nullptr) {
        upstream_connection& connection = *std::exchange(connection_, nullptr);
        connection.at.pool.take_back(connection);
    }
}

void lease::discard() noexcept {
    if (connection_ == nullptr) return;
    upstream_connection& connection = *std::exchange(connection_, nullptr);
    connection.at.ended();
    connection.socket.close();
    connection.at.count_connections();
    upstream_pool& pool = connection.at.pool;
    if (pool.spare_.size() < spare_max) {
        pool.spare_.emplace_back(&connection);
    } else {
        delete &connection;
    }
}

upstream_pool::upstream_pool(
    runtime::core& home,
    observe::traffic_counters& counters,
    settings::snapshot const& settings,
    std::size_t index,
    std::size_t cores,
    endpoint_watch* news)
    : home_(home),
      counters_(counters),
      settings_(settings.upstreams[index]),
      index_(index),
      idle_max_(static_cast<std::uint32_t>(
          (settings.limits.upstream_idle_connections + cores - 1) / cores)),
      idle_timeout_(settings.timeouts.upstream_idle),
      connect_deadlines_(home.deadlines(settings.timeouts.connect)),
      cores_(cores),
      requests_max_(share_of(settings_.endpoint_limits.requests)),
      connections_max_(share_of(settings_.endpoint_limits.connections)),
      choice_(settings_, process_start() + home.index()),
      detector_(settings_.ejection),
      news_(news),
      rates_judged_at_(home.now()) {}

upstream_pool::~upstream_pool() {
    for (auto const& each : endpoints_) close_idle_of(*each);
}

lease upstream_pool::lend_idle(endpoint& at) noexcept {
    upstream_connection* const connection = at.newest;
    if (connection == nullptr) return {};
    unlink(*connection);
    at.began();
    ++connection->uses;
    counters_.upstream_reused(index_);
    return lease{connection};
}

lease upstream_pool::lend_new(endpoint& at) {
    std::unique_ptr<upstream_connection> connection;
    if (!spare_.empty() && &spare_.back()->at == &at) {
        connection = std::move(spare_.back());
        spare_.pop_back();
    } else {
        connection = std::make_unique<upstream_connection>(at);
    }
    if (at.leased + at.idle_count >= connections_max_ && at.oldest != nullptr) {
        drop_idle(*at.oldest);
    }
    at.began();
    at.count_connections();
    connection->uses = 1;
    return lease{connection.release()};
}

runtime::task<cause> upstream_pool::connect(lease& fresh) {
    cause const failed =
        co_await net::dial(home_, fresh->at.address, connect_deadlines_, fresh->socket);
    if (failed == cause::none) {
        counters_.upstream_connected(index_);
        fresh->acked_when_connected = fresh->socket.bytes_acked();
        fresh->socket.observe(&*fresh);
    } else if (news_ != nullptr && home_.now() - fresh->at.failure_told_at >= failure_told_pause) {
        fresh->at.failure_told_at = home_.now();
        news_->connect_failed(fresh->at.address);
    }
    co_return failed;
}

void upstream_pool::take_back(upstream_connection& connection) noexcept {
    endpoint& at = connection.at;
    // What came meanwhile belongs to no request: the connection cannot be trusted with another.
    bool const usable = at.keeps_idle() && !retired_ && connection.socket.is_quiet() &&
                        connection.socket.read_abort() == cause::none &&
                        connection.socket.write_abort() == cause::none;
    if (!usable) {
        lease{&connection}.discard();
        return;
    }
    at.ended();
    ++at.idle_count;
    connection.idle = true;
    connection.idle_since = home_.now();
    connection.newer = nullptr;
    connection.older = at.newest;
    (at.newest != nullptr ? at.newest->newer : at.oldest) = &connection;
    at.newest = &connection;
}

void upstream_pool::unlink(upstream_connection& connection) noexcept {
    endpoint& at = connection.at;
    (connection.newer != nullptr ? connection.newer->older : at.newest) = connection.older;
    (connection.older != nullptr ? connection.older->newer : at.oldest) = connection.newer;
    connection.idle = false;
    --at.idle_count;
}

void upstream_pool::drop_idle(upstream_connection& connection) noexcept {
    unlink(connection);
    connection.at.began();
    lease{&connection}.discard();
}

void upstream_pool::close_idle_of(endpoint& at) noexcept {
    while (at.oldest != nullptr) drop_idle(*at.oldest);
}

void upstream_pool::sweep(time_point now) noexcept {
    choice_.ticked(now);
    if (now - rates_judged_at_ >= upstream::outlier_detector::judged_every) judge_rates(now);
    for (auto const& each : endpoints_) {
        while (each->oldest != nullptr) {
            auto const idle_for = now - each->oldest->idle_since;
            bool const surplus = each->idle_count > idle_max_ && idle_for >= surplus_grace;
            if (idle_for < idle_timeout_ && !surplus) break;
            drop_idle(*each->oldest);
        }
    }
}

void upstream_pool::retire() noexcept {
    retired_ = true;
    for (auto const& each : endpoints_) close_idle_of(*each);
}

}  // namespace gateway::proxy

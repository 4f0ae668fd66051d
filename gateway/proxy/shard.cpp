// SPDX-License-Identifier: Apache-2.0
#include "proxy/shard.hpp"

#include "http/error_reply.hpp"
#include "proxy/inflight.hpp"
#include "proxy/session.hpp"
#include "proxy/tunnel.hpp"
#include "runtime/task.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace gateway::proxy {
namespace {

// A client that has got a WebSocket's close frame answers it within this.
constexpr milliseconds farewell_wait{2'000};
constexpr unsigned ticks_per_log_flush = 2;
constexpr unsigned ticks_per_second = 1s / runtime::core::tick;

// A load balancer may ask whether we are ready also when no connection is left.
constexpr std::size_t readiness_sessions_max = 8;

runtime::task<void> run_session(shard& home, int descriptor, session_peer from) {
    session one{home, from};
    co_await one.run(descriptor);
}

}  // namespace

shard::shard(
    runtime::core& home,
    settings::snapshot const& wanted,
    std::size_t cores,
    observe::traffic_counters& counts,
    observe::access_log_writer* log,
    net::admission& process,
    endpoint_watch* news,
    net::tls_store const* tls)
    : core(home),
      counters(counts),
      farewell(home.own_deadlines(farewell_wait)),
      admission_(process),
      news_(news),
      cores_(cores),
      random_(static_cast<std::uint64_t>(clock::now().time_since_epoch().count())) {
    readiness_path = wanted.admin.public_readiness;
    if (log != nullptr) {
        access_log = std::make_unique<observe::access_log_buffer>(*log, wanted.logging);
    }
    edition const first = first_edition(wanted);
    prepare(first, tls);
    make_snapshot(first);
    core.every_tick([this](time_point now) { ticked(now); });
}

void shard::prepare(edition const& next, net::tls_store const* tls) {
    for (std::size_t i = 0; i < next.upstream_numbers.size(); ++i) {
        std::size_t const number = next.upstream_numbers[i];
        if (number >= pools.size()) pools.resize(number + 1);
        net::tls_credentials const* const trust = tls != nullptr ? tls->of(i) : nullptr;
        if (pools[number]) {
            if (pools[number]->is_retired()) pools[number]->take_rules(next.settings, i, trust);
            continue;
        }
        pools[number] = std::make_unique<upstream_pool>(
            core, counters, next.settings, i, number, cores_, news_, trust);
        pools[number]->observe_availability(&waker_);
    }
}

void shard::adopt(edition const& next, net::tls_store const* tls, observe::access_log_writer* log) {
    prepare(next, tls);
    for (std::size_t i = 0; i < next.upstream_numbers.size(); ++i) {
        net::tls_credentials const* const trust = tls != nullptr ? tls->of(i) : nullptr;
        pools[next.upstream_numbers[i]]->take_rules(next.settings, i, trust);
    }
    if (log == nullptr) {
        access_log.reset();
    } else if (!access_log) {
        access_log = std::make_unique<observe::access_log_buffer>(*log, next.settings.logging);
    } else {
        access_log->take_rules(next.settings.logging);
    }
    make_snapshot(next);
    retire_pools(next);
    drop_unused();
}

void shard::make_snapshot(edition const& from) {
    name_routes(from);
    auto made = std::make_unique<snapshot>(
        from,
        snapshot_surroundings{
            core, counters, cores_, pools, idle_list(from.settings.timeouts.keep_alive), random()});
    if (current_) retired_.push_back(std::move(current_));
    current_ = std::move(made);
}

void shard::name_routes(edition const& from) {
    for (std::size_t i = 0; i < from.route_numbers.size(); ++i) {
        std::size_t const number = from.route_numbers[i];
        if (number >= routes_told_.size()) routes_told_.resize(number + 1);
        settings::route const& route = from.settings.routes[i];
        routes_told_[number] = {route.name, route.path.empty() ? route.prefix : route.path};
    }
}

// Of upstreams that are gone. Requests under way may still use them.
void shard::retire_pools(edition const& from) noexcept {
    for (std::size_t number = 0; number < pools.size(); ++number) {
        bool const stays =
            std::find(from.upstream_numbers.begin(), from.upstream_numbers.end(), number) !=
            from.upstream_numbers.end();
        if (!stays && pools[number]) pools[number]->retire();
    }
}

runtime::deadline_list& shard::idle_list(milliseconds duration) {
    for (runtime::deadline_list* const each : idle_lists_) {
        if (each->duration() == duration) return *each;
    }
    return *idle_lists_.emplace_back(&core.own_deadlines(duration));
}

// Those that wait by an older setting have waited for longer, as a rule.
bool shard::evict_idle(cause why) noexcept {
    return std::any_of(idle_lists_.begin(), idle_lists_.end(), [&](auto* each) {
        return each->expire_oldest(why);
    });
}

// What a reload has replaced and nobody uses any more.
void shard::drop_unused() noexcept {
    std::erase_if(retired_, [](auto const& each) { return each->is_unused(); });
    for (auto& pool : pools) {
        if (!pool || !pool->is_retired() || !pool->is_unused()) continue;
        auto const names_it = [&](auto const& each) {
            return std::find(each->pools.begin(), each->pools.end(), pool.get()) !=
                   each->pools.end();
        };
        if (names_it(current_)) continue;
        if (std::any_of(retired_.begin(), retired_.end(), names_it)) continue;
        pool->observe_availability(nullptr);
        pool.reset();
    }
}

shard::~shard() {
    if (look_ != nullptr) look_->shard_ends();
    // Copies under way end on a core that is still whole.
    for (route_plan& each : current_->plans) each.mirror.reset();
    retired_.clear();
    for (auto const& pool : pools) {
        if (pool) pool->observe_availability(nullptr);
    }
}

void shard::serve(int descriptor, http::address16 const& peer, std::uint16_t local_port) {
    bool const trusted = http::contains(current_->trusted_proxies, peer);
    cause why = admission_.admit(peer, trusted);
    // At the limit the connection that has been idle for longest makes room.
    if (why == cause::too_many_connections && evict_idle(why)) {
        admission_.admit_instead(peer, trusted);
        counters.connection_evicted();
        why = cause::none;
    }
    bool const readiness_only = why == cause::too_many_connections && trusted &&
                                !readiness_path.empty() &&
                                readiness_sessions_ < readiness_sessions_max;
    if (readiness_only) {
        ++readiness_sessions_;
    } else if (why != cause::none) {
        refuse(descriptor, why);
        return;
    }
    runtime::spawn(run_session(*this, descriptor, {peer, local_port, trusted, readiness_only}));
}

// Turned away at once, without a session: what a flood costs is one accept and one send.
void shard::refuse(int descriptor, cause why) {
    counters.connection_refused(why);
    std::pair<std::string_view, std::string_view> const retry_after{"Retry-After", "1"};
    std::string reply;
    http::append_error_reply(
        reply, {.why = why, .date = date(), .close = true, .extra = {&retry_after, 1}});
    // What the client has sent already is read first, or the close would reset the reply away.
    char unread[4096];
    (void)::recv(descriptor, unread, sizeof unread, MSG_DONTWAIT);
    (void)::send(descriptor, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(descriptor, SHUT_WR);
    ::close(descriptor);
}

void shard::drain(time_point tunnels_until) noexcept {
    leaving_ = draining_ = true;
    tunnels_until_ = tunnels_until;
    for (session* each = sessions_; each != nullptr; each = each->next_) each->drain();
    sweep_pools(core.now());
    send_tunnels_away(core.now());
}

// At each tick as many as it takes to be through in time, so that their clients do not come back
// all at once; one at least, so that few tunnels do not make a long drain. What cannot be told
// keeps its bytes flowing until the end.
void shard::send_tunnels_away(time_point now) {
    bool const last = now >= tunnels_until_;
    std::size_t left = 0;
    for (tunnel* each = tunnels_; each != nullptr; each = each->next_) {
        if (!each->was_told() && (last || each->is_framed())) ++left;
    }
    auto const ticks = last ? 1 : (tunnels_until_ - now) / runtime::core::tick + 1;
    std::size_t due =
        (left + static_cast<std::size_t>(ticks) - 1) / static_cast<std::size_t>(ticks);
    for (tunnel* each = tunnels_; each != nullptr && due > 0; each = each->next_) {
        if (each->was_told() || !(last || each->is_framed())) continue;
        each->go_away();
        --due;
    }
}

void shard::cut() noexcept {
    for (auto const& pool : pools) {
        if (pool) pool->line.end();
    }
    for (session* each = sessions_; each != nullptr; each = each->next_) each->cut();
}

bool shard::is_closed(std::string_view route) const noexcept {
    return std::any_of(closed_routes.begin(), closed_routes.end(), [&](auto const& each) {
        return each.name == route;
    });
}

std::string shard::retry_after(std::string_view route) const {
    for (closed_route const& each : closed_routes) {
        if (each.name == route) return each.retry_after;
    }
    return "1";
}

std::string_view shard::date() noexcept {
    auto const second = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    if (second != date_second_) {
        date_second_ = second;
        http::write_date(second, date_text_);
    }
    return {date_text_.data(), date_text_.size()};
}

void shard::sweep_pools(time_point now) noexcept {
    for (auto const& pool : pools) {
        if (pool) pool->sweep(now);
    }
}

void shard::ticked(time_point now) {
    steady_at_tick_ = clock::now();
    wall_at_tick_ = std::chrono::system_clock::now();
    sweep_pools(now);
    counters.phases.publish();
    current_->body_rates.ticked(runtime::core::tick);
    for (auto const& each : retired_) each->body_rates.ticked(runtime::core::tick);
    drop_unused();
    runtime::memory_level const level = admission_.memory_level();
    bodies_held = level >= runtime::memory_level::tight;
    requests_refused = level == runtime::memory_level::critical;
    if (++ticks_ % ticks_per_second == 0) ++second_number;
    if (draining_ && tunnels_ != nullptr) send_tunnels_away(now);
    if (access_log && ticks_ % ticks_per_log_flush == 0) access_log->flush();
}

}  // namespace gateway::proxy

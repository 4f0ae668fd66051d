// SPDX-License-Identifier: Apache-2.0
#include "proxy/shard.hpp"

#include "http/error_reply.hpp"
#include "proxy/inflight.hpp"
#include "proxy/session.hpp"
#include "runtime/task.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace gateway::proxy {
namespace {

constexpr milliseconds linger_wait{2'000};
constexpr unsigned ticks_per_log_flush = 2;
constexpr unsigned ticks_per_second = 1s / runtime::core::tick;

std::vector<http::address_range> ranges_of(settings::snapshot const& wanted) {
    std::vector<http::address_range> ranges;
    for (settings::address_range const& each : wanted.forwarding.trusted_proxies) {
        ranges.push_back({each.network, each.prefix_bits});
    }
    return ranges;
}

// A load balancer may ask whether we are ready also when no connection is left.
constexpr std::size_t readiness_sessions_max = 8;

runtime::task<void> run_session(
    shard& home,
    int descriptor,
    http::address16 peer,
    std::uint16_t local_port,
    bool readiness_only) {
    session one{home, peer, local_port};
    one.readiness_only = readiness_only;
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
      settings(wanted),
      routes(settings),
      trusted_proxies(ranges_of(settings)),
      head_limits{
          static_cast<std::uint32_t>(settings.limits.header_bytes),
          static_cast<std::uint32_t>(settings.limits.header_line_bytes),
          settings.limits.header_fields},
      counters(counts),
      body_rates(settings.limits.body_rate, settings.timeouts.body_rate_grace),
      waits{home.deadlines(settings.timeouts.request_head),
            home.deadlines(settings.timeouts.request_body),
            home.own_deadlines(settings.timeouts.keep_alive),
            home.deadlines(settings.timeouts.write),
            home.deadlines(settings.timeouts.tunnel_idle),
            home.deadlines(linger_wait)},
      admission_(process),
      random_(static_cast<std::uint64_t>(clock::now().time_since_epoch().count())) {
    readiness_path = wanted.admin.public_readiness;
    if (log != nullptr) {
        access_log = std::make_unique<observe::access_log_buffer>(*log, settings.logging);
    }
    for (std::size_t i = 0; i < settings.upstreams.size(); ++i) {
        net::tls_credentials const* const trust = tls != nullptr ? tls->of(i) : nullptr;
        pools.push_back(
            std::make_unique<upstream_pool>(core, counters, settings, i, cores, news, trust));
        pools.back()->observe_availability(&waker_);
    }
    plans.reserve(settings.routes.size());
    for (settings::route const& route : settings.routes) plan_route(route, cores);
    core.every_tick([this](time_point now) { ticked(now); });
}

upstream_pool* shard::pool_of(std::string const& upstream) const noexcept {
    auto const found = std::find_if(pools.begin(), pools.end(), [&](auto const& each) {
        return each->settings().name == upstream;
    });
    return found == pools.end() ? nullptr : found->get();
}

void shard::plan_route(settings::route const& route, std::size_t cores) {
    settings::timeouts const& for_all = settings.timeouts;
    route_plan& plan = plans.emplace_back();
    plan.settings = &route;
    plan.pool = pool_of(route.split.empty() ? route.upstream : route.split.front().first);
    plan.request_body = &core.deadlines(route.request_body_timeout.value_or(for_all.request_body));
    plan.response_head =
        &core.deadlines(route.response_head_timeout.value_or(for_all.response_head));
    plan.response_body =
        &core.deadlines(route.response_body_timeout.value_or(for_all.response_body));
    plan.body_bytes_max = route.body_bytes.value_or(settings.limits.body_bytes);
    if (!route.fallback.empty()) plan.fallback = pool_of(route.fallback);
    if (!route.split.empty()) {
        std::vector<upstream_pool*> parts;
        std::vector<std::uint32_t> weights;
        for (auto const& [name, weight] : route.split) {
            parts.push_back(pool_of(name));
            weights.push_back(weight);
        }
        plan.split = std::make_unique<split_plan>(split_plan{
            std::move(parts), upstream::traffic_split{std::move(weights)},
            upstream::even_points{random()}});
    }
    if (!route.mirror.upstream.empty()) {
        plan.mirror = std::make_unique<mirror>(
            core, counters, *pool_of(route.mirror.upstream), route.mirror, head_limits,
            *plan.response_head, cores);
    }
}

shard::~shard() {
    if (look_ != nullptr) look_->shard_ends();
    // Copies under way end on a core that is still whole.
    for (route_plan& each : plans) each.mirror.reset();
    for (auto const& pool : pools) pool->observe_availability(nullptr);
}

void shard::serve(int descriptor, http::address16 const& peer, std::uint16_t local_port) {
    bool const trusted = http::contains(trusted_proxies, peer);
    cause why = admission_.admit(peer, trusted);
    // At the limit the connection that has been idle for longest makes room.
    if (why == cause::too_many_connections && waits.keep_alive.expire_oldest(why)) {
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
    runtime::spawn(run_session(*this, descriptor, peer, local_port, readiness_only));
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

void shard::drain() noexcept {
    draining_ = true;
    for (session* each = sessions_; each != nullptr; each = each->next_) each->drain();
    for (auto const& pool : pools) pool->sweep(core.now());
}

void shard::cut() noexcept {
    for (auto const& pool : pools) pool->line.end();
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

void shard::ticked(time_point now) {
    steady_at_tick_ = clock::now();
    wall_at_tick_ = std::chrono::system_clock::now();
    for (auto const& pool : pools) pool->sweep(now);
    counters.phases.publish();
    body_rates.ticked(runtime::core::tick);
    runtime::memory_level const level = admission_.memory_level();
    bodies_held = level >= runtime::memory_level::tight;
    requests_refused = level == runtime::memory_level::critical;
    if (++ticks_ % ticks_per_second == 0) ++second_number;
    if (access_log && ticks_ % ticks_per_log_flush == 0) access_log->flush();
}

}  // namespace gateway::proxy

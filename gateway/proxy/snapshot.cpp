// SPDX-License-Identifier: Apache-2.0
#include "proxy/snapshot.hpp"

#include <algorithm>

namespace gateway::proxy {
namespace {

constexpr milliseconds linger_wait{2'000};

}  // namespace

std::vector<http::address_range> trusted_ranges(settings::snapshot const& wanted) {
    std::vector<http::address_range> ranges;
    for (settings::address_range const& each : wanted.forwarding.trusted_proxies) {
        ranges.push_back({each.network, each.prefix_bits});
    }
    return ranges;
}

http::head_limits head_limits_of(settings::limits const& wanted) noexcept {
    return {
        static_cast<std::uint32_t>(wanted.header_bytes),
        static_cast<std::uint32_t>(wanted.header_line_bytes), wanted.header_fields};
}

snapshot::snapshot(edition const& from, snapshot_surroundings const& around)
    : settings(from.settings),
      routes(settings),
      trusted_proxies(trusted_ranges(settings)),
      head_limits(head_limits_of(settings.limits)),
      body_rates(settings.limits.body_rate, settings.timeouts.body_rate_grace),
      waits{
          around.core.deadlines(settings.timeouts.request_head),
          around.core.deadlines(settings.timeouts.request_body),
          around.keep_alive,
          around.core.deadlines(settings.timeouts.write),
          around.core.deadlines(settings.timeouts.tunnel_idle),
          around.core.deadlines(linger_wait)} {
    for (std::uint32_t const number : from.upstream_numbers) {
        pools.push_back(around.pools[number].get());
    }
    plans.reserve(settings.routes.size());
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
        plan_route(settings.routes[i], from.route_numbers[i], around);
    }
}

bool snapshot::is_unused() const noexcept {
    return users == 0 && std::all_of(plans.begin(), plans.end(), [](route_plan const& each) {
               return !each.mirror || each.mirror->in_flight() == 0;
           });
}

upstream_pool* snapshot::pool_of(std::string const& upstream) const noexcept {
    for (std::size_t i = 0; i < pools.size(); ++i) {
        if (settings.upstreams[i].name == upstream) return pools[i];
    }
    return nullptr;
}

void snapshot::plan_route(
    settings::route const& route, std::uint32_t number, snapshot_surroundings const& around) {
    settings::timeouts const& for_all = settings.timeouts;
    runtime::core& core = around.core;
    route_plan& plan = plans.emplace_back();
    plan.settings = &route;
    plan.number = static_cast<std::uint16_t>(number);
    plan.pool = pool_of(route.split.empty() ? route.upstream : route.split.front().first);
    plan.request_body = &core.deadlines(route.request_body_timeout.value_or(for_all.request_body));
    plan.response_head =
        &core.deadlines(route.response_head_timeout.value_or(for_all.response_head));
    plan.response_body =
        &core.deadlines(route.response_body_timeout.value_or(for_all.response_body));
    if (route.heartbeat > settings::no_heartbeat) {
        plan.heartbeat = &core.deadlines(route.heartbeat);
    }
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
            upstream::even_points{around.random}});
    }
    if (!route.mirror.upstream.empty()) {
        plan.mirror = std::make_unique<mirror>(
            core, around.counters, *pool_of(route.mirror.upstream), route.mirror, head_limits,
            *plan.response_head, around.cores);
    }
}

}  // namespace gateway::proxy

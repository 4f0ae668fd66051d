// SPDX-License-Identifier: Apache-2.0
// What one core made of one configuration: settings, routes, limits, waits. Immutable but for its
// count of users, who are all on this core: an exchange uses the snapshot that was current when it
// began, to its end; a tunnel lets go of it. One that a reload has replaced is freed at a tick
// after its last user left.
#pragma once

#include "http/forwarded.hpp"
#include "http/limits.hpp"
#include "proxy/edition.hpp"
#include "proxy/mirror.hpp"
#include "proxy/rate_watch.hpp"
#include "proxy/upstream_pool.hpp"
#include "routing/table.hpp"
#include "settings/settings.hpp"
#include "upstream/traffic_split.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gateway::proxy {

std::vector<http::address_range> trusted_ranges(settings::snapshot const& wanted);
http::head_limits head_limits_of(settings::limits const& wanted) noexcept;

// The parts of a route's split; `pools` in the order of its weights.
struct split_plan {
    std::vector<upstream_pool*> pools;
    upstream::traffic_split shares;
    upstream::even_points points;  // for requests without a key
};

// A route with everything looked up that a request needs.
struct route_plan {
    settings::route const* settings = nullptr;
    std::uint16_t number = 0;  // in counters
    upstream_pool* pool = nullptr;
    runtime::deadline_list* request_body = nullptr;
    runtime::deadline_list* response_head = nullptr;
    runtime::deadline_list* response_body = nullptr;
    byte_count body_bytes_max = 0;                // 0: no limit
    runtime::deadline_list* heartbeat = nullptr;  // null: none
    upstream_pool* fallback = nullptr;
    std::unique_ptr<split_plan> split;      // then `pool` is its first part
    std::unique_ptr<proxy::mirror> mirror;  // null: no copies
};

// What a snapshot is made with and borrows.
struct snapshot_surroundings {
    runtime::core& core;
    observe::traffic_counters& counters;
    std::size_t cores;
    std::vector<std::unique_ptr<upstream_pool>> const& pools;  // by number
    runtime::deadline_list& keep_alive;
    std::uint32_t random;
};

class snapshot {
public:
    snapshot(edition const& from, snapshot_surroundings const& around);
    snapshot(snapshot const&) = delete;
    snapshot& operator=(snapshot const&) = delete;

    bool is_unused() const noexcept;

    settings::snapshot const settings;
    routing::table const routes;
    std::vector<http::address_range> const trusted_proxies;
    http::head_limits const head_limits;
    std::vector<upstream_pool*> pools;  // in the order of settings.upstreams
    std::vector<route_plan> plans;      // in the order of settings.routes
    rate_watch body_rates;
    std::uint32_t users = 0;

    // Waits that hold for every route.
    struct waits {
        runtime::deadline_list& request_head;
        runtime::deadline_list& request_body;
        runtime::deadline_list& keep_alive;
        runtime::deadline_list& write;
        runtime::deadline_list& tunnel_idle;
        runtime::deadline_list& linger;
    } waits;

private:
    upstream_pool* pool_of(std::string const& upstream) const noexcept;
    void plan_route(
        settings::route const& route, std::uint32_t number, snapshot_surroundings const& around);
};

// One user of a snapshot.
class snapshot_use {
public:
    explicit snapshot_use(snapshot& of) noexcept : of_(&of) { ++of.users; }
    snapshot_use(snapshot_use const&) = delete;
    snapshot_use& operator=(snapshot_use const&) = delete;
    ~snapshot_use() { end(); }

    snapshot& operator*() const noexcept { return *of_; }
    snapshot* operator->() const noexcept { return of_; }

    // Before its time; it must not be used again.
    void end() noexcept {
        if (of_ != nullptr) --of_->users;
        of_ = nullptr;
    }

private:
    snapshot* of_;
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// One core's share of the gateway: its own copy of the settings, routes, pools, counters and
// buffers. Sessions borrow from it; nothing in it is touched by another thread.
#pragma once

#include "http/date.hpp"
#include "http/forwarded.hpp"
#include "http/limits.hpp"
#include "net/admission.hpp"
#include "net/pipe_pool.hpp"
#include "observe/access_log.hpp"
#include "observe/error_ring.hpp"
#include "observe/request_id.hpp"
#include "observe/span.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/mirror.hpp"
#include "proxy/rate_watch.hpp"
#include "proxy/upstream_pool.hpp"
#include "routing/table.hpp"
#include "runtime/core.hpp"
#include "settings/settings.hpp"
#include "upstream/hash.hpp"
#include "upstream/traffic_split.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gateway::proxy {

class inflight_look;
class session;

// The parts of a route's split; `pools` in the order of its weights.
struct split_plan {
    std::vector<upstream_pool*> pools;
    upstream::traffic_split shares;
    upstream::even_points points;  // for requests without a key
};

// A route with everything looked up that a request needs.
struct route_plan {
    settings::route const* settings = nullptr;
    upstream_pool* pool = nullptr;
    runtime::deadline_list* request_body = nullptr;
    runtime::deadline_list* response_head = nullptr;
    runtime::deadline_list* response_body = nullptr;
    byte_count body_bytes_max = 0;  // 0: no limit
    upstream_pool* fallback = nullptr;
    std::unique_ptr<split_plan> split;      // then `pool` is its first part
    std::unique_ptr<proxy::mirror> mirror;  // null: no copies
};

class shard {
public:
    // `log` may be null: no access log. So may `tls`, when no upstream needs it. All outlive the
    // shard.
    shard(
        runtime::core& home,
        settings::snapshot const& wanted,
        std::size_t cores,
        observe::traffic_counters& counts,
        observe::access_log_writer* log,
        net::admission& process,
        endpoint_watch* news = nullptr,
        net::tls_store const* tls = nullptr);
    ~shard();
    shard(shard const&) = delete;
    shard& operator=(shard const&) = delete;

    // Takes over an accepted connection. `local_port` is the listener's.
    void serve(int descriptor, http::address16 const& peer, std::uint16_t local_port);

    // From now on idle sessions close, and the others after their present exchange.
    void drain() noexcept;
    // Ends all sessions now, whatever they are doing.
    void cut() noexcept;
    bool draining() const noexcept { return draining_; }
    std::size_t open_sessions() const noexcept { return open_sessions_; }

    // The time of day of a recent moment. Both clocks are compared once a tick, which saves each
    // request a reading and follows a change of the system's time within that.
    std::chrono::system_clock::time_point wall_time(time_point moment) const noexcept {
        return wall_at_tick_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                   moment - steady_at_tick_);
    }

    std::string_view date() noexcept;  // IMF-fixdate of this second

    // For jitter and shares; nothing secret.
    std::uint32_t random() noexcept { return static_cast<std::uint32_t>(random_.next() >> 32); }

    // Borrowed by sessions and exchanges.
    runtime::core& core;
    settings::snapshot const settings;
    routing::table const routes;
    std::vector<http::address_range> const trusted_proxies;
    http::head_limits const head_limits;
    observe::traffic_counters& counters;
    observe::request_id_source request_ids;
    net::pipe_pool pipes;
    std::unique_ptr<observe::access_log_buffer> access_log;
    observe::span_lane* spans = nullptr;  // null: nobody is told of spans
    std::vector<std::unique_ptr<upstream_pool>> pools;
    std::vector<route_plan> plans;  // same indices as settings.routes

    rate_watch body_rates;
    // Of the process, as of the last tick.
    bool bodies_held = false;         // no body is read
    bool requests_refused = false;    // every new request gets 503
    std::uint32_t second_number = 0;  // counts up, for limits by the second

    observe::error_ring errors;  // the latest
    std::string readiness_path;  // answered like /readyz; empty: none

    // Routes that the operator has closed for maintenance, by name, which outlives a reload. Few.
    struct closed_route {
        std::string name;
        std::string retry_after;  // seconds
    };
    std::vector<closed_route> closed_routes;
    bool is_closed(std::string_view route) const noexcept;
    std::string retry_after(std::string_view route) const;

    // What /readyz says; the control thread decides.
    bool is_ready() const noexcept { return !draining_ && admission_.is_ready(); }

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
    friend class session;
    friend class inflight_look;

    // Those who wait for an endpoint go on, the first of them first: each tells the next.
    struct waker final : availability_observer {
        void endpoint_available(upstream_pool& pool) noexcept override { pool.line.wake(1); }
    };

    upstream_pool* pool_of(std::string const& upstream) const noexcept;
    void plan_route(settings::route const& route, std::size_t cores);
    void ticked(time_point now);
    void refuse(int descriptor, cause why);

    waker waker_;
    net::admission& admission_;
    session* sessions_ = nullptr;  // intrusive list of all that live
    std::size_t open_sessions_ = 0;
    inflight_look* look_ = nullptr;       // the latest, while it goes on
    std::size_t readiness_sessions_ = 0;  // beyond the limit of connections
    bool draining_ = false;
    std::int64_t date_second_ = -1;
    std::array<char, http::date_size> date_text_{};
    unsigned ticks_ = 0;
    upstream::random_numbers random_;
    time_point steady_at_tick_ = clock::now();
    std::chrono::system_clock::time_point wall_at_tick_ = std::chrono::system_clock::now();
};

}  // namespace gateway::proxy

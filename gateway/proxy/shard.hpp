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
#include "observe/request_id.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/rate_watch.hpp"
#include "proxy/upstream_pool.hpp"
#include "routing/table.hpp"
#include "runtime/core.hpp"
#include "settings/settings.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gateway::proxy {

class session;

// A route with everything looked up that a request needs.
struct route_plan {
    settings::route const* settings = nullptr;
    upstream_pool* pool = nullptr;
    runtime::deadline_list* request_body = nullptr;
    runtime::deadline_list* response_head = nullptr;
    runtime::deadline_list* response_body = nullptr;
    byte_count body_bytes_max = 0;  // 0: no limit
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
    std::vector<std::unique_ptr<upstream_pool>> pools;
    std::vector<route_plan> plans;  // same indices as settings.routes

    rate_watch body_rates;
    // Of the process, as of the last tick.
    bool bodies_held = false;         // no body is read
    bool requests_refused = false;    // every new request gets 503
    std::uint32_t second_number = 0;  // counts up, for limits by the second

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

    void ticked(time_point now);
    void refuse(int descriptor, cause why);

    net::admission& admission_;
    session* sessions_ = nullptr;  // intrusive list of all that live
    std::size_t open_sessions_ = 0;
    bool draining_ = false;
    std::int64_t date_second_ = -1;
    std::array<char, http::date_size> date_text_{};
    unsigned ticks_ = 0;
    time_point steady_at_tick_ = clock::now();
    std::chrono::system_clock::time_point wall_at_tick_ = std::chrono::system_clock::now();
};

}  // namespace gateway::proxy

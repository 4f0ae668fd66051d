// SPDX-License-Identifier: Apache-2.0
// One core's share of the gateway: its pools, counters, buffers, and the snapshot that new requests
// go by. Sessions borrow from it; nothing in it is touched by another thread.
#pragma once

#include "http/date.hpp"
#include "http/forwarded.hpp"
#include "net/admission.hpp"
#include "net/pipe_pool.hpp"
#include "observe/access_log.hpp"
#include "observe/error_ring.hpp"
#include "observe/request_id.hpp"
#include "observe/span.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/shadow.hpp"
#include "proxy/snapshot.hpp"
#include "proxy/upstream_pool.hpp"
#include "runtime/core.hpp"
#include "settings/settings.hpp"
#include "upstream/hash.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gateway::proxy {

class inflight_look;
class session;
class tunnel;

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

    // Pools for the upstreams that are new in it, so that they know their endpoints when requests
    // come. The credentials are those of this edition's upstreams.
    void prepare(edition const& next, net::tls_store const* tls);
    // Requests that begin from now on go by it, on open connections too; those under way finish by
    // the snapshot they began with. `log` may be null: no access log from now on.
    void adopt(edition const& next, net::tls_store const* tls, observe::access_log_writer* log);

    // What a request that begins now goes by.
    snapshot& current() const noexcept { return *current_; }
    // Snapshots that a reload has replaced and that are still used.
    std::size_t retired_snapshots() const noexcept { return retired_.size(); }
    // By number, for a request that outlives its snapshot.
    std::string_view route_name(std::uint16_t number) const noexcept {
        return routes_told_[number].name;
    }
    std::string_view route_path(std::uint16_t number) const noexcept {  // or its prefix
        return routes_told_[number].path;
    }

    // Takes over an accepted connection. `local_port` is the listener's.
    void serve(int descriptor, http::address16 const& peer, std::uint16_t local_port);

    // From now on every response says that its connection closes; new ones are still served.
    void leave() noexcept { leaving_ = true; }
    // From now on idle sessions close, and the others after their present exchange. Tunnels are
    // ended one after another until `tunnels_until`.
    void drain(time_point tunnels_until) noexcept;
    // Ends all sessions now, whatever they are doing.
    void cut() noexcept;
    bool leaving() const noexcept { return leaving_; }
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
    observe::traffic_counters& counters;
    observe::request_id_source request_ids;
    net::pipe_pool pipes;
    std::unique_ptr<observe::access_log_buffer> access_log;
    observe::span_lane* spans = nullptr;                // null: nobody is told of spans
    std::vector<std::unique_ptr<upstream_pool>> pools;  // by number; null: gone

    // Of the process, as of the last tick.
    bool bodies_held = false;         // no body is read
    bool requests_refused = false;    // every new request gets 503
    std::uint32_t second_number = 0;  // counts up, for limits by the second

    observe::error_ring errors;             // the latest
    std::unique_ptr<proxy::shadow> shadow;  // of a candidate configuration; null: there is none
    std::string readiness_path;             // answered like /readyz; empty: none

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

    runtime::deadline_list& farewell;  // clients that have got a WebSocket's close frame

private:
    friend class session;
    friend class inflight_look;
    friend class tunnel;

    // Those who wait for an endpoint go on, the first of them first: each tells the next.
    struct waker final : availability_observer {
        void endpoint_available(upstream_pool& pool) noexcept override { pool.line.wake(1); }
    };

    void make_snapshot(edition const& from);
    void name_routes(edition const& from);
    void retire_pools(edition const& from) noexcept;
    runtime::deadline_list& idle_list(milliseconds duration);
    bool evict_idle(cause why) noexcept;
    void drop_unused() noexcept;
    void sweep_pools(time_point now) noexcept;
    void ticked(time_point now);
    void refuse(int descriptor, cause why);
    void send_tunnels_away(time_point now);

    waker waker_;
    net::admission& admission_;
    endpoint_watch* news_;
    std::size_t cores_;
    std::vector<runtime::deadline_list*> idle_lists_;  // one for each keep-alive time there was
    struct told_route {
        std::string name;
        std::string path;
    };
    std::vector<told_route> routes_told_;  // by number
    std::unique_ptr<snapshot> current_;
    std::vector<std::unique_ptr<snapshot>> retired_;
    session* sessions_ = nullptr;  // intrusive list of all that live
    std::size_t open_sessions_ = 0;
    inflight_look* look_ = nullptr;       // the latest, while it goes on
    std::size_t readiness_sessions_ = 0;  // beyond the limit of connections
    tunnel* tunnels_ = nullptr;           // the same of tunnels, newest first
    bool leaving_ = false;
    bool draining_ = false;
    time_point tunnels_until_{};
    std::int64_t date_second_ = -1;
    std::array<char, http::date_size> date_text_{};
    unsigned ticks_ = 0;
    upstream::random_numbers random_;
    time_point steady_at_tick_ = clock::now();
    std::chrono::system_clock::time_point wall_at_tick_ = std::chrono::system_clock::now();
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// The connections of one core to one upstream: the idle ones, and leases of those in use.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "net/tls_client.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_choice.hpp"
#include "proxy/endpoint_state.hpp"
#include "proxy/parking.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"
#include "settings/settings.hpp"
#include "upstream/adaptive_limit.hpp"
#include "upstream/hash.hpp"
#include "upstream/learned_keep_alive.hpp"
#include "upstream/outlier_detector.hpp"
#include "upstream/retry_budget.hpp"
#include "upstream/retry_policy.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::proxy {

class upstream_pool;
struct endpoint;

// One connection to an endpoint and what is known about it. Idle ones are linked, newest first.
struct upstream_connection final : runtime::stir_observer {
    explicit upstream_connection(endpoint& to) noexcept : at(to) {}

    // News on an idle connection is its end: the peer closed it, or sent what nobody asked for.
    void stirred(runtime::watched& socket) override;

    endpoint& at;
    net::stream socket;
    std::uint32_t uses = 0;  // requests sent over it so far
    bool idle = false;
    time_point idle_since{};
    milliseconds idled{0};                  // before the present request
    std::optional<milliseconds> announced;  // for how long it may be kept idle, as its peer says
    time_point made_at{};                   // no time at all before it is connected
    time_point retire_at{};                 // not used again from then on
    upstream_connection* newer = nullptr;
    upstream_connection* older = nullptr;
};

// One address of an upstream as one core sees it.
struct endpoint {
    endpoint(upstream_pool& owner, net::address const& at, net::tls_peer* peer);

    // A connection of it carries a request, or no longer does.
    void began() noexcept;
    void ended() noexcept;
    void count_connections() noexcept;
    bool keeps_idle() const noexcept {
        return listed &&
               (state.standing == standing::available || state.standing == standing::draining);
    }

    upstream_pool& pool;
    net::address address;
    net::tls_peer* tls;          // whom it must prove to be; null: plain TCP
    std::string text;            // "10.0.0.7:5000"
    std::uint64_t identity = 0;  // the same in every process; never 0
    bool listed = true;          // still among the name's addresses
    endpoint_state state{};
    std::uint32_t leased = 0;  // connections that carry a request
    std::uint32_t traced = 0;  // attempts that are told of when their exchange ends
    std::uint32_t idle_count = 0;
    upstream_connection* newest = nullptr;
    upstream_connection* oldest = nullptr;

    upstream::candidate* seat = nullptr;  // among those that may be chosen
    std::uint8_t tier = 0;
    std::uint32_t requests_max = upstream::candidate::unlimited;  // on this core
    upstream::track_record record;
    upstream::adaptive_limit learned;
    observe::endpoint_cell* cell = nullptr;
    time_point gone_at{};
    time_point failure_told_at{};
};

// Told on the core that a request may find an endpoint where it found none: one became available,
// or a full one has room again. Called from within the pool: only note it, and act later.
class availability_observer {
public:
    virtual void endpoint_available(upstream_pool& pool) noexcept = 0;

protected:
    ~availability_observer() = default;
};

// A borrowed connection. Closes it unless it was settled as reusable.
class lease {
public:
    lease() = default;
    explicit lease(upstream_connection* connection) noexcept : connection_(connection) {}
    lease(lease&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    lease& operator=(lease&& other) noexcept {
        if (this != &other) {
            discard();
            connection_ = std::exchange(other.connection_, nullptr);
        }
        return *this;
    }
    ~lease() { discard(); }

    explicit operator bool() const noexcept { return connection_ != nullptr; }
    upstream_connection& operator*() const noexcept { return *connection_; }
    upstream_connection* operator->() const noexcept { return connection_; }

    // Back into the pool, in a state to carry another request. `keep_alive` is the value of the
    // last response's Keep-Alive field.
    void settle(std::string_view keep_alive = {}) noexcept;
    void discard() noexcept;  // closed

private:
    upstream_connection* connection_ = nullptr;
};

// Lives on one core. Endpoints keep their place for the pool's life, so that leases and log
// records may refer to them; those gone for a while are reused for the next new address.
// Connections are in upstream_pool.cpp, what is known of endpoints in upstream_pool_endpoints.cpp.
class upstream_pool {
public:
    // Of the `index`-th upstream of the settings, which is counted and told of as `number`. `news`
    // hears of outliers and may be null. So may `tls`, when no endpoint speaks it.
    upstream_pool(
        runtime::core& home,
        observe::traffic_counters& counters,
        settings::snapshot const& settings,
        std::size_t index,
        std::size_t number,
        std::size_t cores,
        endpoint_watch* news = nullptr,
        net::tls_credentials const* tls = nullptr);
    ~upstream_pool();
    upstream_pool(upstream_pool const&) = delete;
    upstream_pool& operator=(upstream_pool const&) = delete;

    settings::upstream const& settings() const noexcept { return settings_; }
    std::size_t index() const noexcept { return index_; }  // its number

    // The same upstream by other rules. Endpoints, connections and all that was learned stay;
    // requests under way go by the new rules from their next attempt on. set_endpoints follows when
    // the endpoints in the settings are others. A retired pool is in use again.
    void take_rules(
        settings::snapshot const& settings,
        std::size_t index,
        net::tls_credentials const* tls = nullptr);
    bool is_retired() const noexcept { return retired_; }
    // No request and no connection refers to it.
    bool is_unused() const noexcept;

    // All endpoints there are now, as the control thread sees them.
    void set_endpoints(std::span<endpoint_state const> states);

    // As endpoint_choice says. Lend from the endpoint before the next choice.
    chosen_endpoint choose(
        choice_key key, endpoint const* avoid, unreached_endpoints const& unreached = {}) noexcept {
        return choice_.choose(key, avoid, unreached);
    }
    bool has_other_than(
        endpoint const& tried, unreached_endpoints const& unreached = {}) const noexcept {
        return choice_.has_other_than(tried, unreached);
    }
    bool has_available() const noexcept { return choice_.has_available(); }
    // One at a time; null for nobody. Borrowed.
    void observe_availability(availability_observer* observer) noexcept { observer_ = observer; }

    // How an attempt at `at` ended; once for each. `latency` is the time until the response's head,
    // where there was one.
    void observe(
        endpoint& at,
        upstream::outcome const& what,
        std::chrono::nanoseconds latency,
        time_point now) noexcept;

    // How long an attempt at `at` took, from its begin to the response's head, where there was one,
    // and to its end, unless it became a tunnel.
    void timed(
        endpoint& at,
        std::optional<std::chrono::nanoseconds> first_byte,
        std::optional<std::chrono::nanoseconds> took) noexcept;

    // A request over this connection was not received: its peer had closed it.
    void found_dead(upstream_connection const& connection) noexcept;

    // The most recently used idle connection, or an empty lease.
    lease lend_idle(endpoint& at) noexcept;
    // A connection object that is not connected yet; `connect` it.
    lease lend_new(endpoint& at);
    runtime::task<cause> connect(lease& fresh);

    // A request connected nowhere and waits in the line. Until a connection is made only the first
    // of the line is sent to see, at each tick and whenever a connection is free again.
    void found_unreachable() noexcept { reachable_ = false; }
    bool is_reachable() const noexcept { return reachable_; }

    // Closes what has been idle for too long, and what exceeds the idle limit after a second.
    void sweep(time_point now) noexcept;
    // No connection is kept from now on.
    void retire() noexcept;

    // Requests that wait for choose() to give something.
    parking_line line;
    upstream::retry_rules retry_rules;
    upstream::retry_budget retry_budget;

private:
    friend class lease;
    friend struct endpoint;
    friend struct upstream_connection;

    void take_back(upstream_connection& connection) noexcept;
    void drop_idle(upstream_connection& connection) noexcept;
    bool is_overdue(upstream_connection const& connection, time_point now) const noexcept;
    void retire_idle(upstream_connection& connection, time_point now) noexcept;
    void peer_ended(upstream_connection& connection) noexcept;
    void drop_watched() noexcept;
    void learned(time_point now, milliseconds age) noexcept;
    void close_idle_of(endpoint& at) noexcept;
    void unlink(upstream_connection& connection) noexcept;
    endpoint* endpoint_for(endpoint_state const& state);
    endpoint& endpoint_for(net::address const& address, net::tls_peer* tls);
    bool is_forgotten(endpoint const& one, time_point now) const noexcept;
    void drop_spares_of(endpoint const& one) noexcept;
    void forget_old_tls(time_point now) noexcept;
    void take_tls(settings::upstream const& before, net::tls_credentials const* tls);
    void take_state(endpoint& one, endpoint_state const& state);
    void set_limit(endpoint& one) noexcept;
    void judge_rates(time_point now);
    std::uint32_t share_of(std::uint32_t process_limit) const noexcept;

    runtime::core& home_;
    observe::traffic_counters& counters_;
    settings::upstream settings_;  // stays where it is; replaced in place by a reload
    std::size_t index_;
    std::uint32_t idle_max_;  // of one endpoint on this core
    upstream::learned_keep_alive keep_alive_;
    // One that has been idle for too long to be used again, kept to see when its peer closes it.
    upstream_connection* watched_ = nullptr;
    upstream::random_numbers random_;
    runtime::deadline_list* connect_deadlines_;
    bool retired_ = false;
    bool reachable_ = true;
    std::unique_ptr<net::tls_client> tls_;  // null: no endpoint speaks TLS
    std::string tls_fingerprint_;
    std::vector<std::unique_ptr<net::tls_client>> old_tls_;  // while endpoints refer to them
    std::size_t cores_;
    std::uint32_t requests_max_;     // in flight to one endpoint, on this core
    std::uint32_t connections_max_;  // of one endpoint, on this core
    endpoint_choice choice_;
    upstream::outlier_detector detector_;
    endpoint_watch* news_;
    availability_observer* observer_ = nullptr;
    time_point rates_judged_at_;
    time_point rates_counted_from_;
    std::vector<std::unique_ptr<endpoint>> endpoints_;
    std::vector<endpoint*> listed_;
    std::vector<std::unique_ptr<upstream_connection>> spare_;  // closed, for reuse
};

}  // namespace gateway::proxy

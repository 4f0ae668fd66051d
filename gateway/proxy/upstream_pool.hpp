// SPDX-License-Identifier: Apache-2.0
// The connections of one core to one upstream: the idle ones, and leases of those in use.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "observe/traffic_counters.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"
#include "settings/settings.hpp"
#include "upstream/rotation.hpp"

#include <cstdint>
#include <memory>
#include <string>
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
    std::uint64_t acked_when_connected = 0;  // TCP_INFO counts the SYN on some kernels
    std::uint32_t uses = 0;                  // requests sent over it so far
    bool idle = false;
    time_point idle_since{};
    upstream_connection* newer = nullptr;
    upstream_connection* older = nullptr;
};

// One address of an upstream as one core sees it.
struct endpoint {
    upstream_pool& pool;
    net::address address;
    std::string text;    // "10.0.0.7:5000"
    bool listed = true;  // still among the name's addresses; if not, it gets no new requests
    std::uint32_t leased = 0;
    std::uint32_t idle_count = 0;
    upstream_connection* newest = nullptr;
    upstream_connection* oldest = nullptr;
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

    void settle() noexcept;   // back into the pool, in a state to carry another request
    void discard() noexcept;  // closed

private:
    upstream_connection* connection_ = nullptr;
};

// Lives on one core. Endpoints keep their place for the pool's life, so that leases and log
// records may refer to them; those no longer listed are reused for the next new address.
class upstream_pool {
public:
    upstream_pool(
        runtime::core& home,
        observe::traffic_counters& counters,
        settings::snapshot const& settings,
        std::size_t index,
        std::size_t cores);
    ~upstream_pool();
    upstream_pool(upstream_pool const&) = delete;
    upstream_pool& operator=(upstream_pool const&) = delete;

    settings::upstream const& settings() const noexcept { return settings_; }
    std::size_t index() const noexcept { return index_; }

    // The addresses that the upstream's `position`-th endpoint name has now.
    void set_addresses(std::size_t position, std::vector<net::address> addresses);

    // Null when no address is known. `avoid` is skipped when there is another.
    endpoint* choose(endpoint const* avoid) noexcept;

    // Whether a request that could not reach `tried` has anywhere else to go.
    bool has_other_than(endpoint const& tried) const noexcept {
        return listed_.size() > 1 || (listed_.size() == 1 && listed_.front() != &tried);
    }

    // The most recently used idle connection, or an empty lease.
    lease lend_idle(endpoint& at) noexcept;
    // A connection object that is not connected yet; `connect` it.
    lease lend_new(endpoint& at);
    runtime::task<cause> connect(lease& fresh);

    // Closes what has been idle for too long, and what exceeds the idle limit after a second.
    void sweep(time_point now) noexcept;
    // No connection is kept from now on.
    void retire() noexcept;

private:
    friend class lease;
    friend struct upstream_connection;

    void take_back(upstream_connection& connection) noexcept;
    void drop_idle(upstream_connection& connection) noexcept;
    void close_idle_of(endpoint& at) noexcept;
    void unlink(upstream_connection& connection) noexcept;
    void list_endpoints();
    endpoint& endpoint_for(net::address const& address);

    runtime::core& home_;
    observe::traffic_counters& counters_;
    settings::upstream const& settings_;
    std::size_t index_;
    std::uint32_t idle_max_;  // of one endpoint on this core
    milliseconds idle_timeout_;
    runtime::deadline_list& connect_deadlines_;
    upstream::rotation rotation_;
    bool retired_ = false;
    std::vector<std::vector<net::address>> answers_;  // by the endpoint's position in the settings
    std::vector<std::unique_ptr<endpoint>> endpoints_;
    std::vector<endpoint*> listed_;
    std::vector<std::unique_ptr<upstream_connection>> spare_;  // closed, for reuse
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
#include "net/admission.hpp"

#include <cstring>

namespace gateway::net {

admission::key admission::key_of(http::address16 const& client) noexcept {
    // ::ffff:a.b.c.d begins with ten zeros: there the last eight bytes tell clients apart.
    constexpr std::size_t half = 8;
    key front = 0;
    std::memcpy(&front, client.data(), half);
    if (front != 0) return front;
    std::memcpy(&front, client.data() + half, half);
    return front;
}

void admission::set_limits(limits most) noexcept {
    most_.store(most.connections, std::memory_order_relaxed);
    most_per_client_.store(most.connections_per_client, std::memory_order_relaxed);
}

// Clients are counted without a limit too: there may be one before they leave.
cause admission::admit(http::address16 const& client, bool exempt) {
    if (!exempt) {
        std::uint32_t const limit = most_per_client_.load(std::memory_order_relaxed);
        std::lock_guard const guard{mutex_};
        std::uint32_t& mine = by_client_[key_of(client)];
        if (limit != 0 && mine >= limit) return cause::too_many_connections_of_client;
        ++mine;
    }
    std::uint32_t const most = most_.load(std::memory_order_relaxed);
    if (open_.fetch_add(1, std::memory_order_relaxed) < most) return cause::none;
    leave(client, exempt);
    return cause::too_many_connections;
}

void admission::admit_instead(http::address16 const& client, bool exempt) {
    open_.fetch_add(1, std::memory_order_relaxed);
    if (exempt) return;
    std::lock_guard const guard{mutex_};
    ++by_client_[key_of(client)];
}

void admission::leave(http::address16 const& client, bool exempt) noexcept {
    open_.fetch_sub(1, std::memory_order_relaxed);
    if (exempt) return;
    std::lock_guard const guard{mutex_};
    auto const mine = by_client_.find(key_of(client));
    if (mine != by_client_.end() && --mine->second == 0) by_client_.erase(mine);
}

void admission::set_memory(memory const& now) noexcept {
    if (level_.exchange(now.level, std::memory_order_relaxed) != now.level) {
        level_changes_.fetch_add(1, std::memory_order_relaxed);
    }
    used_.store(now.used, std::memory_order_relaxed);
    limit_.store(now.limit, std::memory_order_relaxed);
}

admission::memory admission::memory_now() const noexcept {
    return {
        level_.load(std::memory_order_relaxed), used_.load(std::memory_order_relaxed),
        limit_.load(std::memory_order_relaxed)};
}

}  // namespace gateway::net

// SPDX-License-Identifier: Apache-2.0
// Who is let in: the limits that hold for the whole process. Touched when a connection begins or
// ends and once a tick, never per request.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"
#include "http/forwarded.hpp"
#include "runtime/memory_limit.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace gateway::net {

class admission {
public:
    struct limits {
        std::uint32_t connections;
        std::uint32_t connections_per_client = 0;  // 0: no limit
    };
    explicit admission(limits most) noexcept { set_limits(most); }

    // For connections that come from now on.
    void set_limits(limits most) noexcept;

    // Counts a new connection unless its cause says why not. `exempt`: a trusted proxy, which
    // speaks for many clients. From any core.
    cause admit(http::address16 const& client, bool exempt);
    // Counts one beyond the total, in place of an idle one that is being closed for it.
    void admit_instead(http::address16 const& client, bool exempt);
    // What was admitted has ended, with the same arguments.
    void leave(http::address16 const& client, bool exempt) noexcept;
    std::uint32_t open() const noexcept { return open_.load(std::memory_order_relaxed); }

    // The control thread measures, cores and metrics read.
    struct memory {
        runtime::memory_level level = runtime::memory_level::calm;
        byte_count used = 0;
        byte_count limit = 0;
    };
    void set_memory(memory const& now) noexcept;
    memory memory_now() const noexcept;
    runtime::memory_level memory_level() const noexcept {
        return level_.load(std::memory_order_relaxed);
    }
    std::uint64_t memory_level_changes() const noexcept {
        return level_changes_.load(std::memory_order_relaxed);
    }

    // Whether the gateway says that it is ready: the control thread decides, cores answer.
    void set_ready(bool ready) noexcept { ready_.store(ready, std::memory_order_relaxed); }
    bool is_ready() const noexcept { return ready_.load(std::memory_order_relaxed); }

private:
    // An IPv4 address, or the /64 of an IPv6 address: one subscriber has at least that much.
    using key = std::uint64_t;
    static key key_of(http::address16 const& client) noexcept;
    std::atomic<std::uint32_t> most_{0};
    std::atomic<std::uint32_t> most_per_client_{0};
    std::atomic<std::uint32_t> open_{0};
    std::atomic<runtime::memory_level> level_{runtime::memory_level::calm};
    std::atomic<byte_count> used_{0};
    std::atomic<byte_count> limit_{0};
    std::atomic<std::uint64_t> level_changes_{0};
    std::atomic<bool> ready_{false};
    std::mutex mutex_;
    // Only addresses with open connections, so never more entries than connections.
    std::unordered_map<key, std::uint32_t> by_client_;
};

}  // namespace gateway::net

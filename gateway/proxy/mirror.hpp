// SPDX-License-Identifier: Apache-2.0
// Copies of a route's requests to another upstream, whose answers are thrown away. A copy is a task
// of its own with its own memory: the client waits for nothing of it.
#pragma once

#include "http/limits.hpp"
#include "http/methods.hpp"
#include "proxy/upstream_pool.hpp"
#include "runtime/block_pool.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"
#include "settings/settings.hpp"
#include "upstream/traffic_split.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::proxy {

// One route's, on one core.
class mirror {
public:
    mirror(
        runtime::core& home,
        observe::traffic_counters& counters,
        upstream_pool& to,
        settings::mirror const& wanted,
        http::head_limits const& limits,
        runtime::deadline_list& patience,
        std::size_t cores) noexcept;
    ~mirror();
    mirror(mirror const&) = delete;
    mirror& operator=(mirror const&) = delete;

    // Whether this request is one of those to be copied. `body_in_hand`: it has none, or one that
    // is here whole and not too large.
    bool wants(bool body_in_hand) noexcept;
    byte_count body_bytes_max() const noexcept { return wanted_.body; }
    upstream_pool& upstream() const noexcept { return to_; }

    // `bytes` of `message` are the whole request. After wants().
    void send(runtime::block message, std::size_t bytes, http::method method);

    // Ends the copies under way.
    void cut() noexcept;
    std::size_t in_flight() const noexcept { return in_flight_; }

private:
    struct copy;
    struct answer;

    static runtime::task<void> run(mirror& self, runtime::block message, copy what);
    runtime::task<observe::mirror_outcome> exchange(copy& what, char* message, answer& room);
    bool take(copy const& what, answer& room, bool& whole) const;
    static bool read_head(copy const& what, answer& room);
    static bool skip_body(answer& room, std::string_view& ready, bool& whole);

    runtime::core& home_;
    observe::traffic_counters& counters_;
    upstream_pool& to_;
    settings::mirror const& wanted_;
    http::head_limits const& limits_;
    runtime::deadline_list& patience_;  // for the whole of a copy's exchange
    upstream::even_points points_;
    std::size_t in_flight_max_;
    std::size_t in_flight_ = 0;
    copy* first_ = nullptr;
};

}  // namespace gateway::proxy

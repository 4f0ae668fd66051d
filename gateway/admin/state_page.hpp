// SPDX-License-Identifier: Apache-2.0
// What the gateway is doing right now, as JSON: for /status and, each second, for the dashboard.
#pragma once

#include "admin/admin_server.hpp"
#include "admin/change_guard.hpp"
#include "admin/json_text.hpp"
#include "net/admission.hpp"
#include "net/resolver.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_board.hpp"
#include "proxy/inflight.hpp"
#include "settings/settings.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::admin {

// For what is written down; nothing waits by it.
using wall_time = std::chrono::system_clock::time_point;
wall_time wall_now();
std::int64_t epoch_ms(wall_time at);  // since 1970, as pages show it

struct config_state {
    std::string source;  // a path, or that it is built in
    std::uint64_t generation = 1;
    wall_time loaded_at{};
    std::string last_failure{};  // of a later attempt to load another one; empty: none
    bool candidate = false;      // another one is compared with it
};

struct closed_route_state {
    std::string name;
    std::string retry_after;
};

struct certificate_state {
    std::string used_for;  // "upstream api"
    std::string file;
    std::optional<std::int64_t> expires_at{};  // in seconds since 1970
};

// Called on the control thread.
struct state_sources {
    std::string version;
    wall_time started_at{};
    std::vector<observe::traffic_counters const*> cores{};
    net::admission const* process = nullptr;
    change_rule changes = change_rule::refused;
    std::function<settings::snapshot const&()> wanted{};
    std::function<readiness()> ready{};
    std::function<std::vector<milliseconds>()> silent{};  // by core
    std::function<std::vector<proxy::endpoint_figures>()> endpoints{};
    std::function<std::vector<net::name_figures>()> names{};
    std::function<config_state()> config{};
    std::function<std::vector<closed_route_state>()> closed_routes{};
    std::function<std::vector<certificate_state>()> certificates{};
};

class state_page {
public:
    explicit state_page(state_sources from) : from_(std::move(from)) {}

    // Members of an object that the caller opens and closes.
    void write(json_text& to) const;

private:
    void write_process(json_text& to) const;
    void write_requests(json_text& to) const;
    void write_upstreams(json_text& to) const;
    void write_routes(json_text& to) const;

    state_sources from_;
};

// The level that messages need to be written.
std::string_view log_level_word();

// What /inflight answers; rows of all cores, the oldest first.
std::string inflight_text(
    std::vector<proxy::inflight_found> const& by_core, proxy::inflight_query const& query);

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
// Which route a request takes. Immutable once built; finding allocates nothing.
//
// Host first: routes of exactly this host, then those of the longest matching "*.suffix" (every
// subdomain, not the suffix itself), then those of every host. A level where no path matches is
// passed by. Within a level an exact path beats every prefix, and the longest prefix wins. Prefix
// "/api/" matches "/api/" and all below it, but not "/api"; prefix "/api" matches "/api" and
// "/api/...", but not "/apix". The path so found decides alone: a route that names the method
// beats one for every method, and if none takes the method, the answer is 405, even where a
// shorter prefix would take it. A route for GET takes HEAD too, unless another names HEAD. TRACE
// shows what an application was sent, credentials too (RFC 9110 9.3.8), so it must be named.
#pragma once

#include "http/methods.hpp"
#include "settings/settings.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gateway::routing {

enum class outcome : std::uint8_t { found, no_route, method_not_allowed };

inline constexpr std::uint16_t no_route_index = 0xffff;

struct match {
    routing::outcome outcome = routing::outcome::no_route;
    std::uint16_t route = no_route_index;  // index into settings::snapshot::routes
    std::string_view allow;                // for 405, the value of Allow; lives in the table
};

class table {
public:
    // At most 65,535 routes. Of two routes that match the same, the first counts.
    explicit table(settings::snapshot const& settings);

    // `host` as in Host or an absolute target: any case, perhaps a port or a final "."; empty for
    // an HTTP/1.0 request without one. `path` is normalised (http/target.hpp).
    match find(
        std::string_view host,
        std::string_view path,
        http::method method,
        std::string_view method_text) const noexcept;

    // The methods that are taken there, as a value of Allow; empty when there is no route.
    std::string_view allowed(std::string_view host, std::string_view path) const noexcept;
    // The methods that some route takes, and OPTIONS.
    std::string_view allowed_somewhere() const noexcept { return allow_; }

private:
    // All routes of one host and one path.
    struct leaf {
        std::array<std::uint16_t, http::method_count> by_method;  // no_route_index: none
        std::uint16_t any_method = no_route_index;
        std::vector<std::pair<std::string, std::uint16_t>> by_text;  // methods we have no name for
        std::string allow;

        leaf() { by_method.fill(no_route_index); }
        void add(settings::route const& route, std::uint16_t index);
        void finish();
        match choose(http::method method, std::string_view method_text) const noexcept;
    };
    struct entry {
        std::string path;
        leaf routes;
        std::int32_t parent = -1;  // the longest other prefix that begins this one
    };
    struct host_paths {
        std::vector<entry> exact;     // sorted by path
        std::vector<entry> prefixes;  // sorted by path

        void add(settings::route const& route, std::uint16_t index);
        void finish();
        leaf const* find(std::string_view path) const noexcept;
    };
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    using host_map = std::unordered_map<std::string, host_paths, text_hash, std::equal_to<>>;

    leaf const* find_leaf(std::string_view host, std::string_view path) const noexcept;
    leaf const* find_by_host(std::string_view host, std::string_view path) const noexcept;

    host_map exact_hosts_;     // lower case
    host_map wildcard_hosts_;  // lower case, ".example.com"
    host_paths every_host_;
    std::string allow_;
};

}  // namespace gateway::routing

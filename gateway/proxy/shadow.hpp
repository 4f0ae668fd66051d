// SPDX-License-Identifier: Apache-2.0
// What a candidate configuration would make of this core's requests, beside what the running one
// makes of them. Nothing of the candidate is acted upon: no connection is made for it, no byte
// sent.
// Lives on one core, and only while there is a candidate. What it keeps is bounded: differences of
// the same kind between the same two routes are counted together, with the first request as an
// example.
#pragma once

#include "http/forwarded.hpp"
#include "http/framing.hpp"
#include "http/head.hpp"
#include "http/head_parser.hpp"
#include "http/hop_by_hop.hpp"
#include "http/limits.hpp"
#include "http/target.hpp"
#include "routing/table.hpp"
#include "settings/settings.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::proxy {

// In what a request would be treated otherwise.
enum class difference : std::uint8_t {
    answer,  // of the gateway's own, or its absence
    route,
    upstream,           // who gets it, a part of it or a copy of it
    upstream_settings,  // of an upstream of the same name
    client,             // the address that counts as the client's
    target,             // path and query as they are sent upstream
    host,
    request_fields,
    response_fields,
    body_limit,
    timeouts,
    retries,
};
inline constexpr std::size_t difference_count = 12;
std::string_view word_of(difference what) noexcept;

class difference_set {
public:
    void add(difference what) noexcept { bits_ |= 1U << static_cast<unsigned>(what); }
    bool has(difference what) const noexcept {
        return (bits_ >> static_cast<unsigned>(what) & 1U) != 0;
    }
    bool empty() const noexcept { return bits_ == 0; }
    bool operator==(difference_set const&) const = default;

private:
    std::uint32_t bits_ = 0;
};

// A request whose head is complete and well-formed. Borrowed for the call.
struct judged_request {
    http::request_head const& head;
    http::connection_options const& options;
    http::target_view const& target;
    http::body_framing const& body;
    http::address16 const& peer;
    std::string_view request_id;
    std::uint16_t local_port;
    bool upgrade;
};

// Requests that would be treated otherwise in the same way.
struct shadow_row {
    struct detail {
        difference what;
        std::string running;
        std::string candidate;
    };

    difference_set what;
    std::string running_route;    // empty: none
    std::string candidate_route;  // empty: none
    std::uint64_t requests = 0;
    // Of the first of them; the path without its query.
    std::string method;
    std::string host;
    std::string path;
    std::vector<detail> details;
};

struct shadow_figures {
    std::uint64_t compared = 0;
    std::uint64_t different = 0;
    std::uint64_t beyond = 0;  // different ones that found no row any more
    std::array<std::uint64_t, difference_count> by{};
    std::vector<shadow_row> rows;

    static constexpr std::size_t rows_max = 100;
    // Another core's; rows of the same kind become one.
    void add(shadow_figures const& other);
};

class shadow {
public:
    explicit shadow(settings::snapshot const& candidate);
    shadow(shadow const&) = delete;
    shadow& operator=(shadow const&) = delete;

    // One configuration, as far as requests are judged by it. Borrowed.
    struct rules {
        settings::snapshot const& settings;
        routing::table const& routes;
        std::span<http::address_range const> trusted;
        http::head_limits limits;
    };
    // What it makes of a request (shadow_ruling.hpp).
    struct ruling;

    // True when both would do the same. What memory is missing for counts as such.
    bool compare(rules const& running, judged_request const& one) noexcept;

    shadow_figures const& figures() const noexcept { return figures_; }

private:
    bool compare_anew(rules const& running, judged_request const& one);
    cause limit_breach(rules const& running, judged_request const& one) const;

    settings::snapshot const candidate_;
    routing::table routes_;
    std::vector<http::address_range> trusted_;
    http::head_limits limits_;
    std::unique_ptr<http::request_parser> parser_;
    std::unique_ptr<http::request_head> head_;
    std::array<std::vector<char>, 2> room_;
    shadow_figures figures_;
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// Which of an upstream's endpoints a request goes to: their health, ejection, slow start, limits
// and the choice between them.
#pragma once

#include "base/units.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gateway::settings {

enum class probe_kind : std::uint8_t { http, tcp };

// Statuses from `first` to `last`, both included.
struct status_range {
    std::uint16_t first = 200;
    std::uint16_t last = 399;

    bool operator==(status_range const&) const = default;
};

struct health_check {
    bool enabled = false;  // The section was written.
    probe_kind kind = probe_kind::http;
    std::string path{"/"};
    std::string method{"GET"};
    std::string host{};  // Host of the probes; empty takes the upstream's, else the endpoint's.
    std::vector<std::pair<std::string, std::string>> headers{};
    std::vector<status_range> expect_status{status_range{}};
    std::string expect_body{};               // Must stand in the answer's first 64 KiB.
    std::uint32_t port = 0;                  // 0 means that of the endpoint.
    milliseconds interval{5'000};            // While healthy, give or take a fifth.
    milliseconds interval_unhealthy{1'000};  // While unhealthy or in doubt.
    milliseconds interval_new{250};          // Until an endpoint's first pass.
    milliseconds timeout{2'000};             // For a whole probe.
    std::uint32_t fall = 2;                  // Failures in a row that make it unhealthy.
    std::uint32_t rise = 2;  // Passes in a row after a fall; a new endpoint needs one.

    bool operator==(health_check const&) const = default;
};

struct ejection {
    std::uint32_t failures = 5;   // In a row, seen by one core; 0 turns this rule off.
    bool success_rate = true;     // Also those that fail far more often than the others.
    std::uint32_t requests = 30;  // In ten seconds on one core; below it no rate is judged.
    milliseconds time{10'000};    // Of the first ejection; each further one is longer by this.
    milliseconds time_max{60'000};
    std::uint32_t share_max = 50;  // Percent of the endpoints; the last one is never ejected.

    bool operator==(ejection const&) const = default;
};

struct slow_start {
    milliseconds duration{10'000};  // Until an endpoint has its whole weight; 0 gives it at once.
    std::uint32_t first = 10;       // Percent of its weight at the start.

    bool operator==(slow_start const&) const = default;
};

struct endpoint_limits {
    std::uint32_t requests = 0;     // In flight to one endpoint, process-wide; 0 means no limit.
    std::uint32_t connections = 0;  // To one endpoint, process-wide, idle ones included.
    bool adaptive = false;          // A limit that follows the endpoint's latency.

    bool operator==(endpoint_limits const&) const = default;
};

enum class balance_method : std::uint8_t {
    two_choices,  // the less busy of two random endpoints
    round_robin,
    least_requests,
    hash,           // the same endpoint for the same key
    sticky_cookie,  // the same endpoint for the same client
};

enum class hash_part : std::uint8_t { client_address, path, header, cookie, query };

struct hash_source {
    hash_part part = hash_part::client_address;
    std::string name{};  // Of the header, cookie or query parameter.

    bool operator==(hash_source const&) const = default;
};

struct balance {
    balance_method method = balance_method::two_choices;
    hash_source hash_on{};
    std::string cookie{"gateway_endpoint"};  // Of `sticky_cookie`.
    milliseconds cookie_max_age{0};          // 0: until the browser closes.
    bool cookie_secure = false;
    bool prefer_zone = true;  // Endpoints of the own zone first; not for hash and sticky_cookie.

    bool operator==(balance const&) const = default;
};

}  // namespace gateway::settings

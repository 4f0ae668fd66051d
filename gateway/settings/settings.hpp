// SPDX-License-Identifier: Apache-2.0
// What the operator wrote, as plain structs: every member has its default, its unit by type and one
// sentence. Nothing here reads files, environment or clock. The table in settings/schema names the
// same members to the loader and to the reference page; settings/load fills them.
#pragma once

#include "base/units.hpp"
#include "settings/attempt_settings.hpp"
#include "settings/endpoint_settings.hpp"
#include "settings/metrics_settings.hpp"
#include "settings/test_settings.hpp"
#include "settings/tracing_settings.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::settings {

// "host:port", "[v6]:port" or ":port" (all interfaces) taken apart. The host may be a name only
// where a name can be resolved later (endpoints); listeners need a literal address.
struct host_port {
    std::string host;
    std::uint16_t port = 0;

    bool operator==(host_port const&) const = default;
};

// An address range, "10.0.0.0/8" or "::1/128" or a single address. IPv4 is held mapped into IPv6.
struct address_range {
    std::array<std::uint8_t, 16> network{};
    std::uint8_t prefix_bits = 128;  // 0..128, counted in the mapped form

    bool operator==(address_range const&) const = default;
};

constexpr address_range ipv4_range(std::array<std::uint8_t, 4> first, std::uint8_t prefix_bits) {
    return {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, first[0], first[1], first[2], first[3]},
        static_cast<std::uint8_t>(prefix_bits + 96)};
}

// Loopback, private, shared (RFC 6598), link-local and unique-local addresses: what a load balancer
// in the same network connects from.
inline constexpr std::array private_ranges{
    ipv4_range({127, 0, 0, 0}, 8),
    ipv4_range({10, 0, 0, 0}, 8),
    ipv4_range({172, 16, 0, 0}, 12),
    ipv4_range({192, 168, 0, 0}, 16),
    ipv4_range({100, 64, 0, 0}, 10),
    ipv4_range({169, 254, 0, 0}, 16),
    address_range{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128},
    address_range{{0xfc}, 7},
    address_range{{0xfe, 0x80}, 10},
};

struct listener {
    host_port address{"0.0.0.0", 80};  // Where clients connect.

    bool operator==(listener const&) const = default;
};

// When a gateway that has just started says that it is ready. Whatever becomes of its upstreams
// later, it stays so until it drains.
enum class ready_policy : std::uint8_t {
    listening,       // connections are accepted
    any_endpoint,    // and some upstream has an available endpoint
    every_upstream,  // and each of them has
};

struct admin {
    host_port address{"0.0.0.0", 9113};  // Metrics and health; never reachable through a listener.
    std::string token{};                 // Asked of whoever changes something; empty: see schema.
    ready_policy ready = ready_policy::listening;
    std::string
        public_readiness{};  // A path that every listener answers like /readyz; empty: none.

    bool operator==(admin const&) const = default;
};

// Each is the longest wait of its kind. They hold for all routes; a route may override some.
struct timeouts {
    milliseconds request_head{10'000};     // From a request's first byte to its blank line.
    milliseconds keep_alive{75'000};       // An idle client connection is kept this long.
    milliseconds request_body{60'000};     // Between two reads of a request body.
    milliseconds body_rate_grace{30'000};  // Waited for a body before its rate counts.
    milliseconds write{60'000};            // A peer that takes no byte for this long is given up.
    milliseconds connect{2'000};           // For a connection to an endpoint.
    milliseconds response_head{55'000};    // From the request's end to the response's blank line.
    milliseconds response_body{300'000};   // Between two reads of a response body.
    milliseconds tunnel_idle{3'600'000};   // A tunnel with no byte either way.
    std::optional<milliseconds> upstream_idle;  // An idle upstream connection; learned without it.
    milliseconds drain{25'000};                 // From SIGTERM to the end, at most.
    milliseconds lame_duck{6'000};  // Of it, how long new connections are still accepted.
    milliseconds upgrade{30'000};   // From SIGUSR2 until the new process serves.

    bool operator==(timeouts const&) const = default;
};

// The load balancer in front, after which other settings fall into line.
struct alb {
    milliseconds idle_timeout{60'000};  // Its own: a connection without a byte for so long ends.

    bool operator==(alb const&) const = default;
};

struct limits {
    byte_count header_bytes{64_KiB};       // A message's whole head.
    byte_count header_line_bytes{16_KiB};  // One line of it; the request line's breach is a 414.
    std::uint32_t header_fields{128};      // Its number of fields.
    byte_count body_bytes{10_MiB};         // A request body; 0 means no limit.
    byte_count body_rate{1_KiB};           // A request body's least bytes a second; 0: any.
    std::uint32_t connections{10'000};     // Client connections of the whole process.
    std::uint32_t connections_per_client{1'000};  // Of one address (IPv6: /64); 0 means no limit.
    std::uint32_t pipelined_requests{1'000};    // Sent behind one without waiting; then it closes.
    std::uint32_t requests_per_second{10'000};  // Of one connection; more of them wait; 0: any.
    byte_count memory{0};                       // Of the process; 0 takes the container's limit.
    std::uint32_t upstream_idle_connections{64};  // Kept to one endpoint, process-wide.
    byte_count splice_threshold{64_KiB};          // Known lengths from here on move by splice(2).

    bool operator==(limits const&) const = default;
};

struct endpoint {
    host_port address;
    std::uint32_t weight = 1;  // Its share of the requests beside the others.
    std::string zone{};        // Where it runs, as "eu-central-1a"; empty: not known.
    bool tls = false;          // Written as https://.

    bool operator==(endpoint const&) const = default;
};

// How TLS is spoken to the https:// endpoints of an upstream. Files are PEM.
struct upstream_tls {
    std::string ca;           // Authorities to trust; empty takes the system's.
    std::string certificate;  // Shown to endpoints that ask, with its chain; empty shows none.
    std::string key;          // Of the certificate; empty looks for it in the certificate's file.
    std::string server_name;  // Name to ask for and to be proved; empty takes the endpoint's host.
    bool verify = true;       // Off accepts whoever answers.

    bool operator==(upstream_tls const&) const = default;
};

struct upstream {
    std::string name;
    std::vector<endpoint> endpoints;
    std::string host;  // Host sent upstream; empty keeps the client's.
    settings::health_check health_check{};
    settings::ejection ejection{};
    settings::slow_start slow_start{};
    settings::endpoint_limits endpoint_limits{};
    settings::balance balance{};
    bool fail_open = false;  // With no endpoint available, unhealthy ones are tried.
    settings::retries retries{};
    settings::queue queue{};
    settings::keep_alive keep_alive{};
    upstream_tls tls{};

    bool operator==(upstream const&) const = default;
};

// One change of the header. `add` appends a field, `set` replaces all of that name, `remove` drops.
struct header_edits {
    std::vector<std::pair<std::string, std::string>> add;
    std::vector<std::pair<std::string, std::string>> set;
    std::vector<std::string> remove;

    bool operator==(header_edits const&) const = default;
};

// What becomes of a path with an encoded "/" or "\" (%2F, %5C). `pass` means as long as the path
// belongs to the same route when it is decoded.
enum class encoded_slash_mode : std::uint8_t { pass, refuse };

// A route's heartbeats: the words for its time. Loading replaces `automatic` by what follows from
// alb.idle_timeout.
inline constexpr milliseconds no_heartbeat{0};
inline constexpr milliseconds automatic_heartbeat{-1};

struct route {
    std::string name;    // Label in logs and metrics; default: host and path or prefix.
    std::string host;    // Empty matches every host; "*.example.com" every subdomain.
    std::string path;    // Exact match; excludes `prefix`.
    std::string prefix;  // Longest wins; a prefix without a final "/" ends at one.
    std::vector<std::string> methods;  // Empty matches every method.
    std::string upstream;              // Name of the upstream.
    header_edits request_headers;
    header_edits response_headers;
    // Overrides of the global values; absent means the global one.
    std::optional<milliseconds> request_body_timeout;
    std::optional<milliseconds> response_head_timeout;
    std::optional<milliseconds> response_body_timeout;
    std::optional<byte_count> body_bytes;
    encoded_slash_mode encoded_slash = encoded_slash_mode::pass;
    std::optional<std::uint32_t> retry_extra_tries;
    std::vector<std::uint16_t> retry_on_status;  // Empty takes the upstream's.
    std::string fallback;  // Name of the upstream for when the first has no available endpoint.
    std::vector<std::pair<std::string, std::uint32_t>> split;  // In place of `upstream`: weights.
    std::optional<hash_source> split_by;  // Equal requests go to the same part; else each anew.
    settings::mirror mirror;
    // Quiet event streams and WebSockets get a sign of life so often.
    milliseconds heartbeat = no_heartbeat;

    bool operator==(route const&) const = default;
};

enum class dns_family : std::uint8_t { automatic, ipv4, ipv6, both };

// How endpoint names become addresses (upstream/address_book holds the rules).
struct dns {
    std::vector<host_port> servers{};           // Literal; none: those of /etc/resolv.conf.
    dns_family family = dns_family::automatic;  // IPv6 only where the machine has an address of it.
    milliseconds ttl_min{1'000};                // No name is asked for more often than this ...
    milliseconds ttl_max{10'000};               // ... nor less often, whatever its TTL says.
    milliseconds docker_ttl_max{2'000};         // In place of ttl_max when 127.0.0.11 is asked.
    milliseconds timeout{5'000};                // One look-up, all tries; a fifth of it for a try.
    milliseconds failure_pause{1'000};          // Between look-ups that failed connections cause.
    milliseconds absent{60'000};       // An address its name no longer has is kept so long.
    std::uint32_t partial_from{8};     // So many addresses may be a part of more.
    std::uint32_t merged_answers{8};   // Such answers are merged over the last so many ...
    milliseconds merged_for{120'000};  // ... and for so long.
    std::uint32_t addresses{256};      // Kept of one name, absent ones included.
    std::uint32_t lookups{32};         // Under way at one time.

    bool operator==(dns const&) const = default;
};

// "_http._tcp.api.local": its SRV records say which hosts and ports (RFC 2782).
inline bool is_service_name(std::string_view host) {
    return host.size() > 1 && host.front() == '_' && host.find("._tcp.") != std::string_view::npos;
}

enum class log_level : std::uint8_t { trace, debug, info, warn, error };
enum class access_log_mode : std::uint8_t { off, json, logfmt, combined };

// What an access-log line may hold, in the order in which it does.
enum class log_field : std::uint8_t {
    time,
    request_id,
    client,
    method,
    host,
    path,
    status,
    bytes_in,
    bytes_out,
    duration,
    upstream,
    endpoint,
    upstream_status,
    upstream_duration,
    attempts,
    reused,
    parked,
    retry,
    route,
    protocol,
    user_agent,
    referer,
    cause,
    cluster,
    service,
    task,
    zone,
    connection_age,
    connection_uses,
    connection_idle,
    trace_id,
    span_id,
};
inline constexpr std::size_t log_field_count = 32;

constexpr std::array<log_field, log_field_count> every_log_field() {
    std::array<log_field, log_field_count> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<log_field>(i);
    return all;
}

// Query parameters that carry credentials: of OAuth and OpenID Connect, of signed URLs, and those
// that applications give their own tokens.
inline constexpr std::array<char const*, 22> secret_parameters{
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "client_secret",
    "code",
    "id_token",
    "jwt",
    "key",
    "passwd",
    "password",
    "refresh_token",
    "secret",
    "session",
    "sessionid",
    "sig",
    "signature",
    "token",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "X-Amz-Signature"};

struct logging {
    log_level level = log_level::info;               // Of the gateway's own messages, on stderr.
    access_log_mode access = access_log_mode::json;  // One line a request.
    std::string access_file;                         // Empty means stdout.
    std::vector<log_field> access_fields = [] {      // Of `json` and `logfmt`.
        auto const all = every_log_field();
        return std::vector<log_field>{all.begin(), all.end()};
    }();
    std::uint32_t access_sample = 1;  // Of exchanges that are fine and fast one in so many.
    milliseconds access_slow{1'000};  // From here on an exchange is slow and always logged.
    bool access_probes = false;       // Log the health probes of load balancers too.
    // Names of query parameters whose values are never logged.
    std::vector<std::string> redacted_parameters{
        secret_parameters.begin(), secret_parameters.end()};
    byte_count access_buffer_bytes{1_MiB};  // Per core; what does not fit is counted and lost.

    bool operator==(logging const&) const = default;
};

struct forwarding {
    // Peers whose X-Forwarded-* and Forwarded are believed. Default: loopback, private and
    // unique-local ranges, because a load balancer stands before us.
    std::vector<address_range> trusted_proxies{private_ranges.begin(), private_ranges.end()};
    bool via = true;  // Add Via to requests (RFC 9110 7.6.3).

    bool operator==(forwarding const&) const = default;
};

struct runtime {
    std::uint32_t threads = 0;      // 0 means one for each CPU of the quota, rounded up.
    std::string zone{};             // Where this process runs; empty asks the environment.
    bool reload_on_change = false;  // A changed configuration file is loaded as on SIGHUP.

    bool operator==(runtime const&) const = default;
};

struct snapshot {
    std::vector<listener> listeners;
    settings::admin admin;
    std::vector<settings::upstream> upstreams;
    std::vector<settings::route> routes;
    settings::timeouts timeouts;
    settings::limits limits;
    settings::logging logging;
    settings::forwarding forwarding;
    settings::runtime runtime;
    settings::dns dns;
    settings::metrics metrics;
    settings::tracing tracing;
    settings::alb alb;
    std::vector<request_test> tests;

    bool operator==(snapshot const&) const = default;
};

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
// The rows of the schema about an upstream's endpoints; a part of the table in schema.cpp.
#pragma once

#include "settings/endpoint_syntax.hpp"
#include "settings/schema_parts.hpp"

#include <array>
#include <utility>

namespace gateway::settings {

// An endpoint is its address, or a map with more about it.
inline void read_endpoints(reader& in, row const& self, node const& value, owner into) {
    if (!fits_list(in, self, value)) return;
    std::vector<endpoint>& list = std::get<upstream*>(into)->endpoints;
    list.clear();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        reader::step const here{in, '[' + std::to_string(i) + ']'};
        node const& item = value.items[i];
        endpoint one;
        if (item.kind == node_kind::map) {
            in.read_section("upstreams.*.endpoints[]", item, &one);
        } else if (auto parsed = read_value<endpoint_address>(in, self, item, self.shown)) {
            one = std::move(*parsed);
        } else {
            continue;
        }
        list.push_back(std::move(one));
    }
}

inline void read_endpoint_address(reader& in, row const& self, node const& value, owner into) {
    auto parsed = read_value<endpoint_address>(in, self, value, self.shown);
    if (!parsed) return;
    endpoint& one = *std::get<endpoint*>(into);
    parsed->weight = one.weight;
    parsed->zone = std::move(one.zone);
    one = std::move(*parsed);
}

// Written at all, even with nothing in it, the section turns the probes on.
inline void read_health_check(reader& in, row const& self, node const& value, owner into) {
    std::get<upstream*>(into)->health_check.enabled = true;
    read_subsection(in, self, value, into);
}

template <class Syntax, auto Member>
inline constexpr binding health = scalar<Syntax, &upstream::health_check, Member>;

inline constexpr auto endpoint_rows = std::to_array<row>({
    {"upstreams.*.endpoints",
     {shape::list, endpoint_address::type, endpoint_address::expected, &read_endpoints, &no_default,
      &item_count_text},
     between(1, 256),
     reload::live,
     "The addresses of the upstream; names are resolved while the gateway runs. Without a port it "
     "is 80, and 443 after `https://`, which speaks TLS. An item may be a map instead, with the "
     "keys below.",
     need::required},
    {"upstreams.*.endpoints[].address",
     {shape::value, endpoint_address::type, endpoint_address::expected, &read_endpoint_address,
      &no_default, nullptr},
     unbounded,
     reload::live,
     "The address, as it stands alone otherwise.",
     need::required},
    {"upstreams.*.endpoints[].weight", scalar<count, &endpoint::weight>, between(1, 100),
     reload::live, "Its share of the requests beside the others; every address of a name has it."},
    {"upstreams.*.endpoints[].zone", scalar<label, &endpoint::zone>, unbounded, reload::live,
     "Where it runs, as `eu-central-1a`; see `runtime.zone`."},
    {"upstreams.*.host", scalar<host_field, &upstream::host>, unbounded, reload::live,
     "The Host sent to the endpoints; without it they get the client's."},
    {"upstreams.*.fail_open", scalar<flag, &upstream::fail_open>, unbounded, reload::live,
     "When no endpoint is available, requests go to unhealthy and ejected ones all the same."},

    {"upstreams.*.health_check",
     {shape::section, {}, "a map", &read_health_check, &no_default, nullptr},
     unbounded,
     reload::live,
     "Probes of every endpoint, on as soon as the section is there: a new endpoint gets no request "
     "before it has passed one."},
    {"upstreams.*.health_check.type", health<probe_kind_name, &health_check::kind>, unbounded,
     reload::live, "A request and its response, or a connection only."},
    {"upstreams.*.health_check.path", health<url_path, &health_check::path>, unbounded,
     reload::live, "The path that is asked for."},
    {"upstreams.*.health_check.method", health<method, &health_check::method>, unbounded,
     reload::live, "The method it is asked with."},
    {"upstreams.*.health_check.host", health<host_field, &health_check::host>, unbounded,
     reload::live, "The Host of the probes; without it the upstream's `host`, else the address."},
    {"upstreams.*.health_check.headers",
     map_of<field_name, field_value, &upstream::health_check, &health_check::headers>,
     between(1, 32), reload::live, "Further fields of the probes.", need::optional,
     secrecy::secret},
    {"upstreams.*.health_check.expect_status",
     list_of<statuses, &upstream::health_check, &health_check::expect_status>, between(1, 32),
     reload::live, "The statuses that pass, each as 204, 200-399 or 2xx."},
    {"upstreams.*.health_check.expect_body", health<label, &health_check::expect_body>, unbounded,
     reload::live, "A text that must stand in the first 64 KiB of the body."},
    {"upstreams.*.health_check.port", health<count, &health_check::port>, between(0, 65'535),
     reload::live, "The port that is probed; 0 is that of the endpoint."},
    {"upstreams.*.health_check.interval", health<duration, &health_check::interval>,
     between(100ms, 1h), reload::live,
     "From one probe of a healthy endpoint to the next, give or take a fifth."},
    {"upstreams.*.health_check.interval_unhealthy",
     health<duration, &health_check::interval_unhealthy>, between(100ms, 1h), reload::live,
     "The same while an endpoint is unhealthy or its last probe failed."},
    {"upstreams.*.health_check.interval_new", health<duration, &health_check::interval_new>,
     between(100ms, 1h), reload::live, "The same until a new endpoint passes for the first time."},
    {"upstreams.*.health_check.timeout", health<duration, &health_check::timeout>,
     between(50ms, 1min), reload::live, "For a whole probe; a later answer is a failure."},
    {"upstreams.*.health_check.fall", health<count, &health_check::fall>, between(1, 100),
     reload::live, "Failures in a row that make a healthy endpoint unhealthy."},
    {"upstreams.*.health_check.rise", health<count, &health_check::rise>, between(1, 100),
     reload::live, "Passes in a row that make it healthy again; a new endpoint needs one."},

    {"upstreams.*.ejection", section, unbounded, reload::live,
     "Endpoints that fail real requests get none for a while. At least one always stays."},
    {"upstreams.*.ejection.failures", scalar<count, &upstream::ejection, &ejection::failures>,
     between(0, 1'000), reload::live,
     "Failures in a row, as one thread sees them: no connection, a reset, no answer in time, 502, "
     "503 or 504. 0 turns the rule off."},
    {"upstreams.*.ejection.success_rate",
     scalar<flag, &upstream::ejection, &ejection::success_rate>, unbounded, reload::live,
     "Also ejects endpoints that answer 5xx or fail far more often than the others do."},
    {"upstreams.*.ejection.requests", scalar<count, &upstream::ejection, &ejection::requests>,
     between(5, 1'000'000), reload::live,
     "Requests of one thread to an endpoint in 10 s from which on its success rate is judged."},
    {"upstreams.*.ejection.time", scalar<duration, &upstream::ejection, &ejection::time>,
     between(100ms, 1h), reload::live,
     "How long the first ejection lasts; each further one is longer by as much."},
    {"upstreams.*.ejection.time_max", scalar<duration, &upstream::ejection, &ejection::time_max>,
     between(100ms, 24h), reload::live,
     "The longest ejection; a good spell of this length makes up for one."},
    {"upstreams.*.ejection.share_max", scalar<count, &upstream::ejection, &ejection::share_max>,
     between(0, 100), reload::live,
     "Percent of the endpoints that may be ejected at the same time; 0 turns ejection off."},

    {"upstreams.*.slow_start", section, unbounded, reload::live,
     "How an endpoint begins that is new or comes back."},
    {"upstreams.*.slow_start.duration",
     scalar<duration, &upstream::slow_start, &slow_start::duration>, between(0ms, 1h), reload::live,
     "Until it has its whole share of the requests; 0 gives it at once."},
    {"upstreams.*.slow_start.first", scalar<count, &upstream::slow_start, &slow_start::first>,
     between(1, 100), reload::live, "Percent of its share at the beginning."},

    {"upstreams.*.endpoint_limits", section, unbounded, reload::live,
     "How much one endpoint gets at a time. Each thread keeps its part of a number, at least 1."},
    {"upstreams.*.endpoint_limits.requests",
     scalar<count, &upstream::endpoint_limits, &endpoint_limits::requests>, between(0, 1'000'000),
     reload::live, "Requests in flight to one endpoint; 0 means no limit."},
    {"upstreams.*.endpoint_limits.connections",
     scalar<count, &upstream::endpoint_limits, &endpoint_limits::connections>,
     between(0, 1'000'000), reload::live,
     "Connections to one endpoint, idle ones included; 0 means no limit."},
    {"upstreams.*.endpoint_limits.adaptive",
     scalar<flag, &upstream::endpoint_limits, &endpoint_limits::adaptive>, unbounded, reload::live,
     "Also a limit of requests that follows the endpoint's latency."},

    {"upstreams.*.balance", section, unbounded, reload::live,
     "Which of the available endpoints a request goes to."},
    {"upstreams.*.balance.method",
     scalar<balance_method_name, &upstream::balance, &balance::method>, unbounded, reload::live,
     "The less busy of two random ones; in turn; the least busy; the same for the same `hash_on`; "
     "or the same for the same client, by a cookie."},
    {"upstreams.*.balance.hash_on", scalar<hash_key, &upstream::balance, &balance::hash_on>,
     unbounded, reload::live,
     "What of a request is hashed; without that header, cookie or parameter the client's address."},
    {"upstreams.*.balance.cookie", scalar<cookie_name, &upstream::balance, &balance::cookie>,
     unbounded, reload::live, "The name of the cookie of `sticky_cookie`."},
    {"upstreams.*.balance.cookie_max_age",
     scalar<duration, &upstream::balance, &balance::cookie_max_age>, between(0ms, 8'760h),
     reload::live, "How long browsers keep it; 0 until they close."},
    {"upstreams.*.balance.cookie_secure", scalar<flag, &upstream::balance, &balance::cookie_secure>,
     unbounded, reload::live, "Browsers send it over HTTPS only."},
    {"upstreams.*.balance.prefer_zone", scalar<flag, &upstream::balance, &balance::prefer_zone>,
     unbounded, reload::live,
     "Endpoints in the gateway's own zone come first while one is available; not for `hash` and "
     "`sticky_cookie`."},
});

}  // namespace gateway::settings

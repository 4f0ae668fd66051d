// SPDX-License-Identifier: Apache-2.0
#include "settings/schema.hpp"

#include "settings/schema_admin.hpp"
#include "settings/schema_attempts.hpp"
#include "settings/schema_endpoints.hpp"
#include "settings/schema_metrics.hpp"
#include "settings/schema_parts.hpp"
#include "settings/schema_tests.hpp"
#include "settings/schema_tls.hpp"
#include "settings/schema_tracing.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace gateway::settings {
namespace {

using enum reload;
using enum need;
using enum secrecy;

std::string one_listener(owner) { return "one on " + listen_address::text(listener{}.address); }

template <class Item>
void read_items(
    reader& in,
    row const& self,
    node const& value,
    std::vector<Item>& into,
    std::vector<node const*>& found) {
    if (!fits_list(in, self, value)) return;
    std::string const section = std::string{self.path} + "[]";
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        reader::step const here{in, '[' + std::to_string(i) + ']'};
        Item item;
        in.read_section(section, value.items[i], &item);
        into.push_back(std::move(item));
        found.push_back(&value.items[i]);
    }
}

void read_listeners(reader& in, row const& self, node const& value, owner into) {
    read_items(in, self, value, std::get<snapshot*>(into)->listeners, in.found.listeners);
}

void read_routes(reader& in, row const& self, node const& value, owner into) {
    read_items(in, self, value, std::get<snapshot*>(into)->routes, in.found.routes);
}

void read_tests(reader& in, row const& self, node const& value, owner into) {
    read_items(in, self, value, std::get<snapshot*>(into)->tests, in.found.tests);
}

void read_upstreams(reader& in, row const& self, node const& value, owner into) {
    if (!fits_map(in, self, value)) return;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        node const& key = value.keys[i];
        reader::step const here{in, key.written};
        upstream item;
        // A name that is refused is kept, so that a route to it is no second problem.
        item.name = key.written;
        static_cast<void>(read_value<upstream_name>(in, self, key, open));
        in.read_section("upstreams.*", value.items[i], &item);
        std::get<snapshot*>(into)->upstreams.push_back(std::move(item));
        in.found.upstreams.push_back(&value.items[i]);
    }
}

template <shape Shape>
constexpr binding items(
    std::string_view type,
    std::string_view expected,
    void (*read)(reader&, row const&, node const&, owner),
    std::string (*default_text)(owner) = &no_default) {
    return {Shape, type, expected, read, default_text, &item_count_text};
}

template <auto Member>
constexpr binding timeout = scalar<duration, &snapshot::timeouts, Member>;

constexpr auto first_rows = std::to_array<row>({
    {"listeners",
     items<shape::list>("listener", "a map with the key address", &read_listeners, &one_listener),
     between(1, 64), restart, "Where clients connect."},
    {"listeners[].address", scalar<listen_address, &listener::address>, unbounded, restart,
     "The address and port; `8080` and `:8080` mean every IPv4 address, port 0 any free port.",
     required},

    {"admin", section, unbounded, restart, "The operator's own listener."},
    {"admin.address", scalar<listen_address, &snapshot::admin, &admin::address>, unbounded, restart,
     "Where metrics and health are served; nothing of it is reachable through a listener."},
});

constexpr auto upstreams_row = std::to_array<row>({
    {"upstreams", items<shape::map>("upstream", "a map with the key endpoints", &read_upstreams),
     between(1, 1'000), live, "Named groups of endpoints that routes send requests to.", required},
});

constexpr auto further_rows = std::to_array<row>({
    {"routes",
     items<shape::list>("route", "a map with keys such as prefix and upstream", &read_routes),
     between(1, 1'000), live, "Which requests go to which upstream.", required},
    {"routes[].name", scalar<label, &route::name>, unbounded, live,
     "The route's name in logs and metrics; without it the host and the path or prefix."},
    {"routes[].host", scalar<host_pattern, &route::host>, unbounded, live,
     "The host it matches, `*.example.com` for every subdomain; without it every host."},
    {"routes[].path", scalar<url_path, &route::path>, unbounded, live,
     "The exact path it matches. A route has either `path` or `prefix`."},
    {"routes[].prefix", scalar<url_path, &route::prefix>, unbounded, live,
     "The beginning of the paths it matches, whole segments only: neither `/api` nor `/api/` "
     "matches `/apix`. The longest wins."},
    {"routes[].methods", list_of<method, &route::methods>, between(1, 32), live,
     "The methods it matches; without it all."},
    {"routes[].upstream", scalar<upstream_name, &route::upstream>, unbounded, live,
     "The name of the upstream that answers. A route has either `upstream` or `split`."},
    {"routes[].split", map_of<upstream_name, weight, &route::split>, between(1, 16), live,
     "Upstreams that share the requests by weight, such as `{stable: 95, canary: 5}`."},
    {"routes[].split_by", scalar<hash_key, &route::split_by>, unbounded, live,
     "Requests that agree in this go to the same part of the split, as long as weights do not "
     "change; without it, or without a value, each request is shared out anew."},
    {"routes[].fallback", scalar<upstream_name, &route::fallback>, unbounded, live,
     "The upstream that answers while the first has no available endpoint."},
    {"routes[].mirror", section, unbounded, live,
     "Another upstream that gets copies of requests; its answers are thrown away."},
    {"routes[].mirror.upstream", scalar<upstream_name, &route::mirror, &mirror::upstream>,
     unbounded, live, "Its name."},
    {"routes[].mirror.percent", scalar<count, &route::mirror, &mirror::percent>, between(0, 100),
     live, "How many of a hundred requests are copied."},
    {"routes[].mirror.body", scalar<size, &route::mirror, &mirror::body>, between(0, 64_KiB), live,
     "The largest body that is copied; one that has not come whole with its header is not."},
    {"routes[].mirror.in_flight", scalar<count, &route::mirror, &mirror::in_flight>,
     between(1, 10'000), live, "Copies under way at once, process-wide; more are not made."},
    {"routes[].timeouts", section, unbounded, live, "What differs from the global timeouts here."},
    {"routes[].timeouts.request_body", scalar<duration, &route::request_body_timeout>,
     between(100ms, 1h), live, "In place of `timeouts.request_body`."},
    {"routes[].timeouts.response_head", scalar<duration, &route::response_head_timeout>,
     between(100ms, 24h), live, "In place of `timeouts.response_head`."},
    {"routes[].timeouts.response_body", scalar<duration, &route::response_body_timeout>,
     between(100ms, 24h), live, "In place of `timeouts.response_body`."},
    {"routes[].heartbeat", scalar<heartbeat_time, &route::heartbeat>,
     between(heartbeat_time::least, 1h), live,
     "How long an event stream or a WebSocket may be quiet before its client gets a sign of life, "
     "so that nobody in between takes it for idle: a comment between two server-sent events, a "
     "ping between two frames, whose answer travels on to the upstream. `auto` is half of "
     "`alb.idle_timeout`. The upstream's own silence is still limited by `timeouts.response_body`; "
     "a WebSocket whose client answers is not idle."},
    {"routes[].limits", section, unbounded, live, "What differs from the global limits here."},
    {"routes[].limits.body", scalar<size, &route::body_bytes>, between(0, 1'024_GiB), live,
     "In place of `limits.body`."},
    {"routes[].encoded_slash", scalar<encoded_slash_name, &route::encoded_slash>, unbounded, live,
     "A path with `%2F` or `%5C`: `pass` sends it on as it came unless it would belong to another "
     "route when decoded, `refuse` answers 400."},
    {"routes[].retries", section, unbounded, live,
     "What differs from the upstream's retries here."},
    {"routes[].retries.extra_tries", scalar<count, &route::retry_extra_tries>, between(0, 10), live,
     "In place of the upstream's."},
    {"routes[].retries.on_status", list_of<retried_status, &route::retry_on_status>,
     between(1, 100), live, "In place of the upstream's."},
    {"routes[].request_headers", section, unbounded, live, "Edits of the header sent upstream."},
    {"routes[].request_headers.add",
     map_of<field_name, field_value, &route::request_headers, &header_edits::add>, between(1, 64),
     live, "Fields to append.", optional, secret},
    {"routes[].request_headers.set",
     map_of<field_name, field_value, &route::request_headers, &header_edits::set>, between(1, 64),
     live, "Fields to replace or, when absent, to append.", optional, secret},
    {"routes[].request_headers.remove",
     list_of<field_name, &route::request_headers, &header_edits::remove>, between(1, 64), live,
     "Fields to drop."},
    {"routes[].response_headers", section, unbounded, live, "Edits of the header sent to clients."},
    {"routes[].response_headers.add",
     map_of<field_name, field_value, &route::response_headers, &header_edits::add>, between(1, 64),
     live, "Fields to append."},
    {"routes[].response_headers.set",
     map_of<field_name, field_value, &route::response_headers, &header_edits::set>, between(1, 64),
     live, "Fields to replace or, when absent, to append."},
    {"routes[].response_headers.remove",
     list_of<field_name, &route::response_headers, &header_edits::remove>, between(1, 64), live,
     "Fields to drop."},

    {"timeouts", section, unbounded, live, "The longest wait of each kind, for all routes."},
    {"timeouts.request_head", timeout<&timeouts::request_head>, between(100ms, 10min), live,
     "From a request's first byte to its blank line; then 408."},
    {"timeouts.keep_alive", timeout<&timeouts::keep_alive>, between(100ms, 1h), live,
     "How long an idle client connection is kept. Keep it above a load balancer's own idle "
     "timeout, or its requests meet closing connections."},
    {"timeouts.request_body", timeout<&timeouts::request_body>, between(100ms, 1h), live,
     "Between two reads of a request body; then 408."},
    {"timeouts.body_rate_grace", timeout<&timeouts::body_rate_grace>, between(1s, 1h), live,
     "How long a request body may be waited for before `limits.body_rate` counts."},
    {"timeouts.write", timeout<&timeouts::write>, between(100ms, 1h), live,
     "A peer that takes no byte for this long is given up."},
    {"timeouts.connect", timeout<&timeouts::connect>, between(10ms, 1min), live,
     "For a connection to an endpoint; then 504."},
    {"timeouts.response_head", timeout<&timeouts::response_head>, between(100ms, 24h), live,
     "From the request's end to the response's blank line; then 504. Keep it below a load "
     "balancer's own idle timeout, or it answers first."},
    {"timeouts.response_body", timeout<&timeouts::response_body>, between(100ms, 24h), live,
     "Between two reads of a response body."},
    {"timeouts.tunnel_idle", timeout<&timeouts::tunnel_idle>, between(1s, 168h), live,
     "A tunnel, such as a WebSocket, with no byte either way."},
    {"timeouts.upstream_idle", timeout<&timeouts::upstream_idle>, between(100ms, 1h), live,
     "How long an idle upstream connection may be used again. Without it that is learned from each "
     "upstream, from 4s on: from its Keep-Alive header and from when it closes, up to 1m."},
    {"timeouts.drain", timeout<&timeouts::drain>, between(0ms, 1h), live,
     "From SIGTERM to the end, at most. Keep it below the time after which the platform kills."},
    {"timeouts.lame_duck", timeout<&timeouts::lame_duck>, between(0ms, 1h), live,
     "Of the drain's time, how long after SIGTERM new connections are still accepted while "
     "`/readyz` fails and every response closes its connection: as long as a load balancer takes "
     "to notice. 0ms turns it off; Ctrl-C goes without it."},
    {"timeouts.upgrade", timeout<&timeouts::upgrade>, between(100ms, 1h), live,
     "From SIGUSR2 until the new process that takes over the listening sockets can serve; else it "
     "is ended and this one goes on."},

    {"alb", section, unbounded, live, "The load balancer in front of the gateway."},
    {"alb.idle_timeout", scalar<duration, &snapshot::alb, &alb::idle_timeout>, between(1s, 4'000s),
     live,
     "Its idle timeout, as set there. Where they are not written, `timeouts.keep_alive` becomes "
     "15s "
     "more, so that it never meets a connection that is closing, and `timeouts.response_head` 5s "
     "less (half of it up to 10s), so that the gateway answers first and says why."},

    {"limits", section, unbounded, live, "How much of each thing, for all routes."},
    {"limits.header", scalar<size, &snapshot::limits, &limits::header_bytes>, between(1_KiB, 1_MiB),
     live, "A message's whole head; a request beyond it gets 431."},
    {"limits.header_line", scalar<size, &snapshot::limits, &limits::header_line_bytes>,
     between(256, 1_MiB), live, "One line of it; 431, or 414 for the request line."},
    {"limits.header_fields", scalar<count, &snapshot::limits, &limits::header_fields>,
     between(8, 1'024), live, "Its number of fields; a request beyond it gets 431."},
    {"limits.body", scalar<size, &snapshot::limits, &limits::body_bytes>, between(0, 1'024_GiB),
     live, "A request body; 413 beyond it. 0 means no limit."},
    {"limits.body_rate", scalar<size, &snapshot::limits, &limits::body_rate>, between(0, 1_GiB),
     live,
     "The least bytes a second of a request body while the gateway waits for it, on average; 408 "
     "below it. 0 means no limit."},
    {"limits.connections", scalar<count, &snapshot::limits, &limits::connections>,
     between(1, 1'000'000), live,
     "Client connections of the whole process. At the limit the one idle for longest makes room; "
     "when none is idle the newcomer gets 503."},
    {"limits.connections_per_client",
     scalar<count, &snapshot::limits, &limits::connections_per_client>, between(0, 1'000'000), live,
     "Connections of one client address, or one /64 of IPv6; 503 beyond it. Trusted proxies are "
     "exempt. 0 means no limit."},
    {"limits.pipelined_requests", scalar<count, &snapshot::limits, &limits::pipelined_requests>,
     between(1, 1'000'000), live,
     "Requests that may follow one another on a connection without waiting for an answer; then it "
     "closes after the next."},
    {"limits.requests_per_second", scalar<count, &snapshot::limits, &limits::requests_per_second>,
     between(0, 10'000'000), live,
     "Requests of one connection in one second; more of them wait for the next. 0 means no limit."},
    {"limits.memory", scalar<size, &snapshot::limits, &limits::memory>, between(0, 1'024_GiB),
     restart,
     "The memory of the process: above 85 % of it no bodies are read, above 92 % requests get 503. "
     "0 takes the limit of the container, or the machine's memory."},
    {"limits.upstream_idle_connections",
     scalar<count, &snapshot::limits, &limits::upstream_idle_connections>, between(0, 65'536), live,
     "Idle connections kept to one endpoint by the whole process; 0 keeps none."},
    {"limits.splice_threshold", scalar<size, &snapshot::limits, &limits::splice_threshold>,
     between(0, 1'024_GiB), live,
     "Bodies of a known length from here on move inside the kernel, without a copy."},

    {"logging", section, unbounded, live, "What is written down."},
    {"logging.level", scalar<level_name, &snapshot::logging, &logging::level>, unbounded, live,
     "The least important of the gateway's own messages to appear on stderr."},
    {"logging.access", scalar<access_mode_name, &snapshot::logging, &logging::access>, unbounded,
     live,
     "The form of the line for each request; `combined` is that of nginx and Apache, `off` writes "
     "none."},
    {"logging.access_file", scalar<file_path, &snapshot::logging, &logging::access_file>, unbounded,
     restart, "The file those lines are appended to, opened anew on SIGUSR1; without it stdout."},
    {"logging.access_fields", list_of<log_field_name, &snapshot::logging, &logging::access_fields>,
     between(1, log_field_count), live, "What `json` and `logfmt` lines hold."},
    {"logging.access_sample", scalar<count, &snapshot::logging, &logging::access_sample>,
     between(1, 1'000'000), live,
     "Logs one in so many of the requests that are fine, fast and not retried, with a "
     "`sample_weight` to count by; all others are always logged."},
    {"logging.access_slow", scalar<duration, &snapshot::logging, &logging::access_slow>,
     between(0ms, 1h), live, "A request that takes this long is always logged."},
    {"logging.access_probes", scalar<flag, &snapshot::logging, &logging::access_probes>, unbounded,
     live,
     "Logs the health probes of load balancers (ELB, Route 53, Google, Kubernetes) too; they are "
     "counted in any case, and those that fail are always logged."},
    {"logging.redact", list_of<parameter_name, &snapshot::logging, &logging::redacted_parameters>,
     between(0, 100), live,
     "Query parameters whose values are written as `***`; `[]` hides none. Cookies and "
     "Authorization are never logged."},
    {"logging.access_buffer", scalar<size, &snapshot::logging, &logging::access_buffer_bytes>,
     between(16_KiB, 1_GiB), restart,
     "Access-log lines waiting to be written, for each core; what does not fit is counted and "
     "lost."},

    {"forwarding", section, unbounded, live, "What is believed of, and told about, other proxies."},
    {"forwarding.trusted_proxies",
     list_of<network, &snapshot::forwarding, &forwarding::trusted_proxies>, between(0, 1'000), live,
     "Peers whose X-Forwarded-* and Forwarded are believed; `[]` trusts none."},
    {"forwarding.via", scalar<flag, &snapshot::forwarding, &forwarding::via>, unbounded, live,
     "Adds Via to requests (RFC 9110 7.6.3)."},

    {"runtime", section, unbounded, live, "How the process uses the machine."},
    {"runtime.threads", scalar<thread_count, &snapshot::runtime, &runtime::threads>,
     between(1, 1'024), restart,
     "Threads that serve requests; `auto` is one for each CPU of the quota, rounded up."},
    {"runtime.zone", scalar<own_zone, &snapshot::runtime, &runtime::zone>, unbounded, restart,
     "Where the gateway runs, as `eu-central-1a`; `auto` is AWS_AVAILABILITY_ZONE or what the ECS "
     "task metadata say, if anything."},
    {"runtime.reload_on_change", scalar<flag, &snapshot::runtime, &runtime::reload_on_change>,
     unbounded, live,
     "Loads the configuration file when it has changed, as SIGHUP does. A file with a mistake is "
     "refused and the gateway stays as it is."},

    {"dns", section, unbounded, restart, "How the names of endpoints become addresses."},
    {"dns.servers", list_of<name_server, &snapshot::dns, &dns::servers>, between(0, 8), restart,
     "The name servers to ask; without it those of /etc/resolv.conf. /etc/hosts comes first either "
     "way."},
    {"dns.family", scalar<family_name, &snapshot::dns, &dns::family>, unbounded, restart,
     "Which addresses to ask for; `auto` asks for IPv6 only where the machine has such an address "
     "itself."},
    {"dns.ttl_min", scalar<duration, &snapshot::dns, &dns::ttl_min>, between(100ms, 1h), restart,
     "Names with a shorter TTL are asked for again after this."},
    {"dns.ttl_max", scalar<duration, &snapshot::dns, &dns::ttl_max>, between(100ms, 1h), restart,
     "Names with a longer TTL are asked for again after this."},
    {"dns.docker_ttl_max", scalar<duration, &snapshot::dns, &dns::docker_ttl_max>,
     between(100ms, 1h), restart,
     "The same where Docker's own name server, 127.0.0.11, is asked: its TTL of 10 minutes "
     "outlives "
     "containers."},
    {"dns.timeout", scalar<duration, &snapshot::dns, &dns::timeout>, between(500ms, 1min), restart,
     "One look-up with all its tries; one try takes a fifth of it."},
    {"dns.failure_pause", scalar<duration, &snapshot::dns, &dns::failure_pause>, between(100ms, 1h),
     restart,
     "A name is asked for again at once when a connection to one of its addresses fails, this long "
     "after the last look-up at the earliest."},
    {"dns.absent", scalar<duration, &snapshot::dns, &dns::absent>, between(0ms, 24h), restart,
     "How long an address is kept that its name no longer has. It takes requests only while no "
     "other is available, and goes early when it fails."},
    {"dns.partial_from", scalar<count, &snapshot::dns, &dns::partial_from>, between(1, 4'096),
     restart,
     "An answer of so many addresses may be a part of more: AWS Cloud Map tells any 8. What it "
     "leaves out stays, as far as the next two say."},
    {"dns.merged_answers", scalar<count, &snapshot::dns, &dns::merged_answers>, between(1, 1'000),
     restart, "An address that none of so many such answers had is absent."},
    {"dns.merged_for", scalar<duration, &snapshot::dns, &dns::merged_for>, between(1s, 24h),
     restart, "So is one that no answer had for so long."},
    {"dns.addresses", scalar<count, &snapshot::dns, &dns::addresses>, between(1, 4'096), restart,
     "The addresses kept of one name; more of them are not used."},
    {"dns.lookups", scalar<count, &snapshot::dns, &dns::lookups>, between(1, 1'000), restart,
     "Look-ups under way at one time; more of them wait."},
});

constexpr auto test_list_rows = std::to_array<row>({
    {"tests", items<shape::list>("test", "a map with the keys request and expect", &read_tests),
     between(0, 1'000), live,
     "Requests and what must become of them. `gateway check` tries each by the routes of this "
     "file; nothing is sent."},
});

template <std::size_t... Counts>
constexpr auto joined(std::array<row, Counts> const&... parts) {
    std::array<row, (Counts + ...)> all{};
    std::size_t at = 0;
    ((std::copy(parts.begin(), parts.end(), all.begin() + at), at += Counts), ...);
    return all;
}

constexpr auto table = joined(
    first_rows,
    admin_rows,
    upstreams_row,
    endpoint_rows,
    attempt_rows,
    tls_rows,
    further_rows,
    metrics_rows,
    tracing_rows,
    test_list_rows,
    test_rows);

}  // namespace

std::span<row const> rows() { return table; }

row const* find_row(std::string_view path) {
    for (row const& one : table) {
        if (one.path == path) return &one;
    }
    return nullptr;
}

std::vector<std::string_view> keys_of(std::string_view home_path) {
    std::vector<std::string_view> keys;
    for (row const& one : table) {
        std::size_t const dot = one.path.rfind('.');
        std::string_view const home = dot == std::string_view::npos ? "" : one.path.substr(0, dot);
        if (home == home_path) keys.push_back(one.path.substr(dot + 1));
    }
    return keys;
}

}  // namespace gateway::settings

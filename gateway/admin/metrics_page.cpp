// SPDX-License-Identifier: Apache-2.0
// Only the metrics_ files know prometheus-cpp, and of that only what it calls families of metrics:
// its own counters are atomics shared by all threads and never touch a request.
#include "admin/metrics_page.hpp"

#include "admin/core_sums.hpp"
#include "admin/metrics_attempts.hpp"
#include "admin/metrics_builder.hpp"
#include "admin/metrics_endpoints.hpp"
#include "admin/metrics_names.hpp"
#include "admin/metrics_spans.hpp"
#include "admin/metrics_state.hpp"
#include "admin/metrics_tunnels.hpp"
#include "admin/process_figures.hpp"
#include "admin/series_cap.hpp"
#include "observe/access_log.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>

namespace gateway::admin {
namespace {

using observe::traffic_counters;
using prometheus::MetricType;
using labels = metric_labels;

constexpr char const* no_route = "unmatched";

// The newest one that any core has for the bucket.
void keep_newest(
    std::vector<bucket_exemplar>& all,
    std::size_t metric,
    std::vector<observe::exchange_cell const*> const& cells,
    std::size_t buckets) {
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        std::optional<observe::exemplar> newest;
        for (auto const* cell : cells) {
            if (!cell->exemplars) continue;
            auto found = cell->exemplars[bucket].read();
            if (found && (!newest || found->at > newest->at)) newest = std::move(found);
        }
        if (newest) all.push_back({metric, bucket, std::move(*newest)});
    }
}

bool has_exchanges(core_counters const& all, std::size_t route) {
    return std::any_of(
        all.begin(), all.end(), [&](auto const* core) { return core->has_cells(route); });
}

void add_exchanges(
    page& to,
    core_counters const& all,
    observe::traffic_names const& names,
    observe::histogram_bounds const& bounds) {
    auto& requests = to.family(
        "http_requests_total", "Requests that have ended; 499 if the client left first.",
        MetricType::Counter);
    auto& durations = to.family(
        "http_request_duration_seconds",
        "From the first byte of the request to the last byte of the response.",
        MetricType::Histogram);
    auto const routes = names.routes.size();
    std::vector<observe::exchange_cell const*> cells;
    for (std::size_t i = 0; i < (routes + 1) * observe::method_label_count; ++i) {
        auto const route = i / observe::method_label_count;
        auto const method = static_cast<observe::method_label>(i % observe::method_label_count);
        if (!has_exchanges(all, route)) continue;
        for (std::size_t slot = 0; slot < observe::status_slot_count; ++slot) {
            cells.clear();
            observe::histogram_figures merged;
            for (auto const* core : all) {
                auto const* const cell = core->cell(route, method, slot);
                if (cell == nullptr) continue;
                cells.push_back(cell);
                merged.add(*cell);
            }
            if (merged.count() == 0) continue;
            labels by{
                {"method", std::string{observe::method_word(method)}},
                {"route", route < routes ? names.routes[route] : no_route},
                {"status_code", std::string{observe::status_word(slot)}}};
            requests.metric.push_back(page::sample(by, as_double(merged.count())));
            keep_newest(
                durations.exemplars, durations.metric.size(), cells, bounds.all().size() + 1);
            durations.metric.push_back(page::histogram(std::move(by), merged, bounds));
        }
    }
}

void add_connections(page& to, core_counters const& all) {
    to.counter(
        "gateway_connections_accepted_total", "Client connections accepted.",
        sum(all, &traffic_counters::connections_accepted));
    to.gauge(
        "gateway_connections_active", "Client connections open.",
        sum(all, &traffic_counters::connections_active));
    to.gauge(
        "gateway_connections_idle", "Client connections waiting for their next request.",
        sum(all, &traffic_counters::connections_idle));
    to.gauge(
        "gateway_requests_in_flight", "Requests being answered.",
        sum(all, &traffic_counters::exchanges_in_flight));
    add_tunnels(to, all);
    to.counter(
        "gateway_bytes_received_total", "Bytes of requests read from clients.",
        sum(all, &traffic_counters::bytes_received));
    to.counter(
        "gateway_bytes_sent_total", "Bytes of responses written to clients.",
        sum(all, &traffic_counters::bytes_sent));
    to.counter(
        "gateway_accept_failures_total", "Calls to accept that failed.",
        sum(all, &traffic_counters::accept_failures));
    to.counter(
        "gateway_connections_evicted_total",
        "Idle client connections closed to make room for new ones.",
        sum(all, &traffic_counters::connections_evicted));
    to.counter(
        "gateway_requests_throttled_total",
        "Requests that waited because their connection had too many in a second.",
        sum(all, &traffic_counters::requests_throttled));
    to.counter(
        "gateway_pipelines_cut_total", "Connections closed after too many pipelined requests.",
        sum(all, &traffic_counters::pipelines_cut));
}

void add_memory(page& to, net::admission const& process) {
    auto const now = process.memory_now();
    to.gauge(
        "gateway_memory_limit_bytes", "The memory that the process may have.",
        as_double(now.limit));
    to.gauge("gateway_memory_used_bytes", "What of it is in use.", as_double(now.used));
    to.gauge(
        "gateway_memory_pressure", "0 calm, 1 bodies are not read, 2 requests are refused.",
        as_double(static_cast<std::uint64_t>(now.level)));
    to.counter(
        "gateway_memory_pressure_changes_total", "Changes of the memory pressure.",
        as_double(process.memory_level_changes()));
}

void add_access_log(page& to, observe::access_log_writer const* log) {
    auto const value = [&](auto ask) { return log == nullptr ? 0 : as_double((log->*ask)()); };
    to.counter(
        "gateway_access_log_lines_dropped_total",
        "Access-log lines lost because their reader was too slow or gone.",
        value(&observe::access_log_writer::lines_dropped));
    to.counter(
        "gateway_access_log_probes_total",
        "Health probes of load balancers that got no line in the access log.",
        value(&observe::access_log_writer::probes_left_out));
    to.counter(
        "gateway_access_log_lines_thinned_total",
        "Requests that another line's sample_weight stands for.",
        value(&observe::access_log_writer::lines_thinned));
}

// A sample for each cause that has happened; the list of causes is closed (base/error.hpp).
void add_causes(
    page& to,
    char const* name,
    char const* help,
    core_counters const& all,
    std::uint64_t (traffic_counters::*count)(cause) const noexcept) {
    auto& family = to.family(name, help, MetricType::Counter);
    for (std::size_t i = 1; i < cause_count; ++i) {
        auto const why = static_cast<cause>(i);
        auto const total =
            sum(all, [&](traffic_counters const& core) { return (core.*count)(why); });
        if (total == 0) continue;
        family.metric.push_back(page::sample({{"cause", std::string{word_of(why)}}}, total));
    }
}

void add_upstreams(page& to, core_counters const& all, observe::traffic_names const& names) {
    using observe::upstream_counters;
    struct row {
        char const* name;
        char const* help;
        gateway::counter upstream_counters::*value;
    };
    for (auto const& [name, help, value] : std::initializer_list<row>{
             {"gateway_upstream_attempts_total", "Tries of a request at an upstream.",
              &upstream_counters::attempts},
             {"gateway_upstream_connections_created_total", "Connections made to an upstream.",
              &upstream_counters::connected},
             {"gateway_upstream_connections_reused_total",
              "Attempts that found a pooled connection.", &upstream_counters::reused},
             {"gateway_upstream_retries_over_budget_total",
              "Requests not sent again because too many were being repeated.",
              &upstream_counters::over_budget}}) {
        auto& family = to.family(name, help, MetricType::Counter);
        for (std::size_t i = 0; i < names.upstreams.size(); ++i) {
            family.metric.push_back(page::sample(
                {{"upstream", names.upstreams[i]}},
                sum(all, [&, value = value](traffic_counters const& core) {
                    return (core.upstream(i).*value).value();
                })));
        }
    }
    auto& failures = to.family(
        "gateway_upstream_failures_total", "Attempts that failed, by cause.", MetricType::Counter);
    for (std::size_t i = 0; i < names.upstreams.size(); ++i) {
        for (std::size_t c = 1; c < cause_count; ++c) {
            auto const total = sum(all, [&](traffic_counters const& core) {
                return core.upstream(i).failures[c].value();
            });
            if (total == 0) continue;
            std::string const word{word_of(static_cast<cause>(c))};
            failures.metric.push_back(
                page::sample({{"upstream", names.upstreams[i]}, {"cause", word}}, total));
        }
    }
}

void add_handshakes(page& to, core_counters const& all, observe::traffic_names const& names) {
    auto& family = to.family(
        "gateway_upstream_tls_handshakes_total",
        "TLS handshakes that succeeded; a resumed one is cheap.", MetricType::Counter);
    for (std::size_t i = 0; i < names.upstreams.size(); ++i) {
        for (std::size_t resumed = 0; resumed < 2; ++resumed) {
            auto const total = sum(all, [&](traffic_counters const& core) {
                return core.upstream(i).handshakes[resumed].value();
            });
            if (total == 0) continue;
            family.metric.push_back(page::sample(
                {{"upstream", names.upstreams[i]}, {"resumed", resumed != 0 ? "yes" : "no"}},
                total));
        }
    }
}

// The series of nginx-prometheus-exporter under their own names, so that dashboards and alerts made
// for it keep working. There they count the same things; two of them are counters there by type,
// which a name without _total may not be (promtool check metrics).
void add_nginx_series(page& to, core_counters const& all) {
    auto const handled = sum(all, &traffic_counters::connections_accepted);
    auto const refused = sum(all, [](traffic_counters const& core) {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < cause_count; ++i) {
            total += core.connections_refused(static_cast<cause>(i));
        }
        return total;
    });
    auto const active = sum(all, &traffic_counters::connections_active);
    auto const waiting = sum(all, &traffic_counters::connections_idle);
    auto const writing = sum(all, &traffic_counters::exchanges_in_flight);
    auto const untyped = [&](char const* name, char const* help, double value) {
        to.family(name, help, MetricType::Untyped).metric.push_back(page::sample({}, value));
    };
    to.gauge("nginx_up", "Always 1: whoever answers this is up.", 1);
    untyped(
        "nginx_connections_accepted", "Client connections, refused ones included.",
        handled + refused);
    untyped("nginx_connections_handled", "Client connections that were not refused.", handled);
    to.gauge("nginx_connections_active", "Client connections open.", active);
    to.gauge(
        "nginx_connections_reading", "Client connections that are reading a request head.",
        std::max(0.0, active - waiting - writing));
    to.gauge(
        "nginx_connections_writing", "Client connections whose request is being answered.",
        writing);
    to.gauge(
        "nginx_connections_waiting", "Client connections waiting for their next request.", waiting);
    to.counter(
        "nginx_http_requests_total", "Requests begun.",
        sum(all, &traffic_counters::exchanges_begun));
}

void add_process(page& to, double start_time_seconds) {
    auto const figures = read_process_figures();
    to.counter("process_cpu_seconds_total", "User and system CPU time spent.", figures.cpu_seconds);
    to.gauge(
        "process_resident_memory_bytes", "Resident memory.",
        as_double(figures.resident_memory_bytes));
    to.gauge(
        "process_virtual_memory_bytes", "Virtual memory.", as_double(figures.virtual_memory_bytes));
    to.gauge("process_open_fds", "Open file descriptors.", as_double(figures.open_fds));
    to.gauge("process_max_fds", "Limit of open file descriptors.", as_double(figures.max_fds));
    to.gauge(
        "process_start_time_seconds", "When the process started, since the epoch.",
        start_time_seconds);
    to.gauge("process_threads", "Threads of the process.", as_double(figures.threads));
}

}  // namespace

struct metrics_page::cap : series_cap {
    using series_cap::series_cap;
};

metrics_page::metrics_page(
    std::vector<traffic_counters const*> cores,
    observe::traffic_names names,
    observe::access_log_writer const* access_log,
    std::string version,
    net::admission const* process)
    : cores_{std::move(cores)},
      names_{std::move(names)},
      access_log_{access_log},
      version_{std::move(version)},
      process_{process},
      start_time_seconds_{read_process_figures().start_time_seconds},
      cap_{std::make_unique<cap>(facts_.series_max)} {}

metrics_page::~metrics_page() = default;

void metrics_page::describe(settings::snapshot const& wanted) {
    if (wanted.metrics.series_max != facts_.series_max) {
        cap_ = std::make_unique<cap>(wanted.metrics.series_max);
    }
    facts_ = {
        .series_max = wanted.metrics.series_max,
        .nginx = wanted.metrics.nginx,
        .connections_limit = wanted.limits.connections,
        .queue_limits = {}};
    for (auto const& each : wanted.upstreams) {
        facts_.queue_limits.emplace_back(each.name, each.queue.requests);
    }
}

page metrics_page::collect() {
    page out;
    auto const bounds = cores_.empty() ? observe::duration_bounds : cores_.front()->bounds();
    add_exchanges(out, cores_, names_, bounds);
    add_connections(out, cores_);
    add_phases(out, cores_);
    if (process_ != nullptr) add_memory(out, *process_);
    add_causes(
        out, "gateway_connections_refused_total", "Client connections turned away.", cores_,
        &traffic_counters::connections_refused);
    add_causes(
        out, "gateway_errors_total", "Requests whose outcome the gateway decided.", cores_,
        &traffic_counters::errors);
    add_upstreams(out, cores_, names_);
    add_attempts(out, cores_, names_);
    add_limits(out, facts_);
    if (endpoints_) {
        auto const all = endpoints_();
        add_endpoints(out, all);
        add_pools(out, all, names_);
        add_timings(out, all, bounds);
    }
    if (names_source_) add_names(out, names_source_());
    if (spans_ != nullptr) add_spans(out, spans_->now());
    add_access_log(out, access_log_);
    add_handshakes(out, cores_, names_);
    if (more_) more_(out);
    if (reloads_ != nullptr) add_configuration(out, *reloads_);
    out.family(
           "gateway_build_info", "Always 1; the label says which build this is.", MetricType::Gauge)
        .metric.push_back(page::sample({{"version", version_}}, 1));
    add_identity(out, identity_);
    if (facts_.nginx) add_nginx_series(out, cores_);
    add_process(out, start_time_seconds_);
    for (auto& family : out.families()) cap_->apply(family);
    out.gauge(
        "gateway_metrics_overflowing_label_sets",
        "Label sets that share a series called overflow (metrics.series).",
        as_double(cap_->overflowing()));
    return out;
}

std::string metrics_page::text(exposition format) { return written(collect(), format); }

}  // namespace gateway::admin

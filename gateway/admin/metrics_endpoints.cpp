// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_endpoints.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>

namespace gateway::admin {
namespace {

using prometheus::MetricType;
using proxy::endpoint_figures;

metric_labels labels_of(endpoint_figures const& one) {
    return {{"upstream", std::string{one.upstream}}, {"endpoint", std::string{one.endpoint}}};
}

metric_labels labels_of(endpoint_figures const& one, char const* name, std::string_view value) {
    metric_labels by = labels_of(one);
    by.push_back({name, std::string{value}});
    return by;
}

void add_states(page& to, std::vector<endpoint_figures> const& all) {
    struct row {
        char const* name;
        char const* help;
        bool endpoint_figures::*value;
    };
    for (auto const& [name, help, value] : std::initializer_list<row>{
             {"gateway_endpoint_listed", "1 while the upstream's names have the endpoint.",
              &endpoint_figures::listed},
             {"gateway_endpoint_healthy", "1 when its probes pass, or there are none.",
              &endpoint_figures::healthy},
             {"gateway_endpoint_ejected", "1 while it is ejected for its failures.",
              &endpoint_figures::ejected},
             {"gateway_endpoint_available", "1 when requests go to it.",
              &endpoint_figures::available}}) {
        auto& family = to.family(name, help, MetricType::Gauge);
        for (auto const& one : all) {
            family.metric.push_back(page::sample(labels_of(one), one.*value ? 1 : 0));
        }
    }
}

void add_changes(page& to, std::vector<endpoint_figures> const& all) {
    auto& health = to.family(
        "gateway_endpoint_health_changes_total", "Changes of an endpoint's health.",
        MetricType::Counter);
    for (auto const& one : all) {
        health.metric.push_back(
            page::sample(labels_of(one, "to", "healthy"), as_double(one.became_healthy)));
        health.metric.push_back(
            page::sample(labels_of(one, "to", "unhealthy"), as_double(one.became_unhealthy)));
    }
    auto& ejections = to.family(
        "gateway_endpoint_ejections_total", "Ejections of an endpoint, by what gave rise to them.",
        MetricType::Counter);
    for (auto const& one : all) {
        ejections.metric.push_back(page::sample(
            labels_of(one, "reason", "failures_in_a_row"), as_double(one.ejections[0])));
        ejections.metric.push_back(
            page::sample(labels_of(one, "reason", "success_rate"), as_double(one.ejections[1])));
    }
    auto& refusals = to.family(
        "gateway_endpoint_ejections_refused_total",
        "Endpoints that fail and stay all the same, by why.", MetricType::Counter);
    for (auto const& one : all) {
        refusals.metric.push_back(
            page::sample(labels_of(one, "reason", "last_one"), as_double(one.refusals[0])));
        refusals.metric.push_back(
            page::sample(labels_of(one, "reason", "share_max"), as_double(one.refusals[1])));
    }
    auto& probes = to.family(
        "gateway_health_probes_total", "Probes of health checks, by result.", MetricType::Counter);
    for (auto const& one : all) {
        for (std::size_t i = 0; i < one.probes.size(); ++i) {
            if (one.probes[i] == 0) continue;
            auto const word = word_of(static_cast<observe::probe_result>(i));
            probes.metric.push_back(
                page::sample(labels_of(one, "result", word), as_double(one.probes[i])));
        }
    }
}

void add_traffic(page& to, std::vector<endpoint_figures> const& all) {
    auto const add = [&](char const* name, char const* help, MetricType type, auto value) {
        auto& family = to.family(name, help, type);
        for (auto const& one : all) {
            family.metric.push_back(page::sample(labels_of(one), as_double(one.*value)));
        }
    };
    add("gateway_endpoint_requests_total", "Attempts at an endpoint that have ended.",
        MetricType::Counter, &endpoint_figures::requests);
    add("gateway_endpoint_failures_total",
        "Those of them that speak against it: no connection, no answer, 502 to 504.",
        MetricType::Counter, &endpoint_figures::failures);
    add("gateway_endpoint_requests_in_flight", "Requests at an endpoint now.", MetricType::Gauge,
        &endpoint_figures::in_flight);
    add("gateway_endpoint_connections", "Connections to an endpoint, idle ones included.",
        MetricType::Gauge, &endpoint_figures::connections);
    auto& limits = to.family(
        "gateway_endpoint_requests_limit", "Requests it may have, where that is learned.",
        MetricType::Gauge);
    for (auto const& one : all) {
        if (one.limit == 0) continue;
        limits.metric.push_back(page::sample(labels_of(one), as_double(one.limit)));
    }
}

}  // namespace

void add_endpoints(page& to, std::vector<endpoint_figures> const& all) {
    add_states(to, all);
    add_changes(to, all);
    add_traffic(to, all);
}

void add_pools(
    page& to, std::vector<endpoint_figures> const& all, observe::traffic_names const& names) {
    struct sums {
        std::int64_t active = 0;
        std::int64_t open = 0;
    };
    std::map<std::string_view, sums> by_upstream;
    for (auto const& one : all) {
        by_upstream[one.upstream].active += one.in_flight;
        by_upstream[one.upstream].open += one.connections;
    }
    auto& family = to.family(
        "gateway_upstream_pool_connections",
        "Connections to an upstream: those with a request, and idle ones.", MetricType::Gauge);
    for (auto const& name : names.upstreams) {
        auto const& [active, open] = by_upstream[name];
        family.metric.push_back(
            page::sample({{"upstream", name}, {"state", "active"}}, as_double(active)));
        // The two were read one after the other.
        auto const idle = std::max<std::int64_t>(open - active, 0);
        family.metric.push_back(
            page::sample({{"upstream", name}, {"state", "idle"}}, as_double(idle)));
    }
}

void add_timings(
    page& to, std::vector<endpoint_figures> const& all, observe::histogram_bounds const& bounds) {
    struct row {
        char const* name;
        char const* help;
        observe::histogram_figures observe::timing_figures::*value;
        observe::histogram_bounds const& bounds;
    };
    for (auto const& [name, help, value, of] : std::initializer_list<row>{
             {"gateway_upstream_request_duration_seconds",
              "From an attempt's begin to its end, connecting included; tunnels are left out.",
              &observe::timing_figures::attempts, bounds},
             {"gateway_upstream_time_to_first_byte_seconds",
              "From an attempt's begin to the response's head, connecting included.",
              &observe::timing_figures::first_byte, bounds},
             {"gateway_upstream_connect_duration_seconds",
              "To a connection to the endpoint, TLS included.", &observe::timing_figures::connects,
              observe::connect_bounds}}) {
        auto& family = to.family(name, help, MetricType::Histogram);
        family.metric.reserve(all.size());
        for (auto const& one : all) {
            auto const& figures = one.timings.*value;
            if (figures.count() == 0) continue;
            family.metric.push_back(page::histogram(labels_of(one), figures, of));
        }
    }
}

}  // namespace gateway::admin

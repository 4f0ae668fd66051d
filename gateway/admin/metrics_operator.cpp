// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_operator.hpp"

#include "admin/core_sums.hpp"

#include <string>

namespace gateway::admin {

using prometheus::MetricType;

void add_operator(page& to, operator_figures const& from) {
    to.gauge("gateway_ready", "1 while /readyz says yes.", from.ready ? 1 : 0);
    auto& probes = to.family(
        "gateway_readiness_probes_total",
        "Requests at admin.public_readiness, by what they were told.", MetricType::Counter);
    for (bool const ready : {false, true}) {
        auto const answers = [&](auto const& core) { return core.readiness_answers(ready); };
        probes.metric.push_back(
            page::sample({{"ready", ready ? "yes" : "no"}}, sum(from.cores, answers)));
    }
    auto& endpoints = to.family(
        "gateway_endpoint_taken_out", "1 while the operator has drained or disabled an endpoint.",
        MetricType::Gauge);
    for (auto const& one : from.endpoints) {
        if (one.word == proxy::operator_word::none) continue;
        bool const drained = one.word == proxy::operator_word::drain;
        endpoints.metric.push_back(page::sample(
            {{"upstream", std::string{one.upstream}},
             {"endpoint", std::string{one.endpoint}},
             {"state", drained ? "drained" : "disabled"}},
            1));
    }
    auto& routes = to.family(
        "gateway_route_maintenance", "1 while a route is closed for maintenance.",
        MetricType::Gauge);
    for (auto const& one : from.closed_routes) {
        routes.metric.push_back(page::sample({{"route", one.name}}, 1));
    }
    auto& certificates = to.family(
        "gateway_certificate_expiry_timestamp_seconds",
        "When a certificate that the gateway shows ends to be valid, in seconds since 1970.",
        MetricType::Gauge);
    for (auto const& one : from.certificates) {
        if (!one.expires_at) continue;
        certificates.metric.push_back(
            page::sample({{"used_for", one.used_for}}, static_cast<double>(*one.expires_at)));
    }
    auto& changes = to.family(
        "gateway_admin_changes_total", "What was changed through the admin listener.",
        MetricType::Counter);
    for (std::size_t i = 0; i < change_count && from.pages != nullptr; ++i) {
        auto const what = static_cast<change>(i);
        changes.metric.push_back(page::sample(
            {{"change", std::string{word_of(what)}}}, as_double(from.pages->made(what))));
    }
    to.gauge(
        "gateway_config_candidate",
        "1 while a candidate configuration is compared with the running one.",
        from.candidate ? 1 : 0);
    auto& compared = to.family(
        "gateway_config_candidate_requests_total",
        "Requests that were compared, by whether the candidate would treat them the same.",
        MetricType::Counter);
    for (bool const same : {true, false}) {
        auto const found = [&](auto const& core) { return core.candidate_comparisons(same); };
        compared.metric.push_back(
            page::sample({{"result", same ? "same" : "different"}}, sum(from.cores, found)));
    }
    to.counter(
        "gateway_admin_changes_refused_total",
        "Changes that were refused: without the token, or from another site's page.",
        from.pages == nullptr ? 0 : as_double(from.pages->refused()));
}

}  // namespace gateway::admin

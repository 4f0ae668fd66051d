// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_names.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::admin {
namespace {

using net::name_figures;
using prometheus::MetricFamily;
using prometheus::MetricType;

metric_labels labels_of(name_figures const& one) {
    return {{"upstream", one.upstream}, {"name", one.name}};
}

void add(
    MetricFamily& to,
    name_figures const& one,
    double value,
    char const* label,
    std::string_view word) {
    metric_labels by = labels_of(one);
    by.push_back({label, std::string{word}});
    to.metric.push_back(page::sample(std::move(by), value));
}

}  // namespace

void add_names(page& to, std::vector<name_figures> const& all) {
    auto& look_ups = to.family(
        "gateway_dns_lookups_total", "Look-ups of endpoint names, by how they ended.",
        MetricType::Counter);
    for (name_figures const& one : all) {
        for (std::size_t i = 0; i < one.look_ups.size(); ++i) {
            auto const how = static_cast<upstream::look_up>(i);
            add(look_ups, one, as_double(one.look_ups[i]), "outcome", upstream::word_of(how));
        }
    }
    auto& moves = to.family(
        "gateway_dns_address_changes_total", "Changes of what an endpoint name stands for.",
        MetricType::Counter);
    for (name_figures const& one : all) {
        for (std::size_t i = 0; i < one.moves.size(); ++i) {
            auto const what = static_cast<upstream::move>(i);
            add(moves, one, as_double(one.moves[i]), "change", upstream::word_of(what));
        }
    }
    auto& addresses = to.family(
        "gateway_dns_addresses",
        "Addresses of an endpoint name: present ones, and absent ones that are still kept.",
        MetricType::Gauge);
    for (name_figures const& one : all) {
        add(addresses, one, as_double(one.present), "state", "present");
        add(addresses, one, as_double(one.absent), "state", "absent");
    }
    auto& ages = to.family(
        "gateway_dns_answer_age_seconds", "Since the last answer that held an address.",
        MetricType::Gauge);
    for (name_figures const& one : all) {
        if (!one.answer_age) continue;
        std::chrono::duration<double> const age = *one.answer_age;
        ages.metric.push_back(page::sample(labels_of(one), age.count()));
    }
}

}  // namespace gateway::admin

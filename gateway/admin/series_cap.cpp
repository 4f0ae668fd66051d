// SPDX-License-Identifier: Apache-2.0
#include "admin/series_cap.hpp"

#include "observe/log.hpp"

#include <algorithm>

namespace gateway::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

std::string key_of(ClientMetric const& metric) {
    std::string key;
    for (auto const& each : metric.label) key.append(each.value).push_back('\0');
    return key;
}

void add(ClientMetric& to, ClientMetric const& from) {
    to.counter.value += from.counter.value;
    to.gauge.value += from.gauge.value;
    to.untyped.value += from.untyped.value;
    to.histogram.sample_count += from.histogram.sample_count;
    to.histogram.sample_sum += from.histogram.sample_sum;
    auto& buckets = to.histogram.bucket;
    auto const& more = from.histogram.bucket;
    if (buckets.empty()) {
        buckets = more;
        return;
    }
    for (std::size_t i = 0; i < std::min(buckets.size(), more.size()); ++i) {
        buckets[i].cumulative_count += more[i].cumulative_count;
    }
}

// What is gone counts nothing any more in a gauge.
bool only_grows(metric_family const& family) {
    return family.type == MetricType::Counter || family.type == MetricType::Histogram;
}

}  // namespace

void series_cap::apply(metric_family& family) {
    auto known = books_.find(family.name);
    if (known == books_.end()) {
        if (family.metric.size() * 2 <= series_max_) return;
        known = books_.try_emplace(family.name).first;
    }
    book& here = known->second;
    std::vector<std::string> keys;
    keys.reserve(family.metric.size());
    for (auto const& each : family.metric) keys.push_back(key_of(each));
    std::unordered_set<std::string_view> const present{keys.begin(), keys.end()};
    std::erase_if(here.admitted, [&](auto const& key) { return !present.contains(key); });
    bool const was_full = !here.beyond.empty();
    for (auto each = here.beyond.begin(); each != here.beyond.end();) {
        if (present.contains(each->first)) {
            ++each;
            continue;
        }
        if (only_grows(family)) add(here.gone, each->second);
        each = here.beyond.erase(each);
    }

    std::vector<ClientMetric> kept;
    ClientMetric rest = here.gone;
    bool any_beyond = here.gone.counter.value != 0 || here.gone.histogram.sample_count != 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        ClientMetric& metric = family.metric[i];
        // Once beyond, always beyond: a counter that moved would seem to have jumped.
        bool const stays = here.admitted.contains(keys[i]);
        bool const enters = !stays && here.admitted.size() < series_max_ &&
                            here.beyond.find(keys[i]) == here.beyond.end();
        if (enters) here.admitted.insert(keys[i]);
        if (stays || enters) {
            kept.push_back(std::move(metric));
            continue;
        }
        add(rest, metric);
        if (rest.label.empty()) {
            rest.label = metric.label;
            for (auto& each : rest.label) each.value = overflow;
        }
        any_beyond = true;
        here.beyond[std::move(keys[i])] = std::move(metric);
    }
    if (any_beyond && rest.label.empty() && !kept.empty()) {
        rest.label = kept.front().label;
        for (auto& each : rest.label) each.value = overflow;
    }
    if (any_beyond && !was_full && !here.beyond.empty()) {
        observe::log_warn(
            "metrics: {} has more than {} series (metrics.series); further ones are added up in "
            "one",
            family.name, series_max_);
    }
    if (any_beyond) {
        kept.push_back(std::move(rest));
        family.exemplars.clear();  // their places have moved
    }
    family.metric = std::move(kept);
}

std::size_t series_cap::overflowing() const noexcept {
    std::size_t total = 0;
    for (auto const& [name, each] : books_) total += each.beyond.size();
    return total;
}

}  // namespace gateway::admin

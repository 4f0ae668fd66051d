// SPDX-License-Identifier: Apache-2.0
// The metrics page under construction, for those who add families to it.
#pragma once

#include "observe/exemplar.hpp"
#include "observe/histogram.hpp"

#include <prometheus/metric_family.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace gateway::admin {

using metric_labels = std::vector<prometheus::ClientMetric::Label>;

template <class Figure>
double as_double(Figure value) {
    return static_cast<double>(value);
}

// What prometheus-cpp has no place for: an exemplar of a histogram's bucket.
struct bucket_exemplar {
    std::size_t metric = 0;  // its place in the family
    std::size_t bucket = 0;  // the last is that of +Inf
    observe::exemplar what;
};

struct metric_family : prometheus::MetricFamily {
    std::vector<bucket_exemplar> exemplars;  // in the order of metrics and buckets
};

class page {
public:
    void counter(char const* name, char const* help, double value) {
        family(name, help, prometheus::MetricType::Counter).metric.push_back(sample({}, value));
    }
    void gauge(char const* name, char const* help, double value) {
        family(name, help, prometheus::MetricType::Gauge).metric.push_back(sample({}, value));
    }
    // The reference stays good.
    metric_family& family(char const* name, char const* help, prometheus::MetricType type) {
        return families_.emplace_back(metric_family{{name, help, type, {}}, {}});
    }

    // Every kind of value is set; whoever writes the page picks the one of the family's type.
    static prometheus::ClientMetric sample(metric_labels by, double value) {
        prometheus::ClientMetric metric;
        metric.label = std::move(by);
        metric.counter.value = value;
        metric.gauge.value = value;
        metric.untyped.value = value;
        return metric;
    }

    static prometheus::ClientMetric histogram(
        metric_labels by,
        observe::histogram_figures const& from,
        observe::histogram_bounds const& bounds) {
        prometheus::ClientMetric metric;
        metric.label = std::move(by);
        metric.histogram.sample_count = from.count();
        metric.histogram.sample_sum = as_double(from.total_ns) * 1e-9;
        metric.histogram.bucket.reserve(bounds.all().size());
        std::uint64_t up_to_here = 0;
        for (std::size_t i = 0; i < bounds.all().size(); ++i) {
            up_to_here += from.buckets[i];
            std::chrono::duration<double> const bound = bounds.all()[i];
            metric.histogram.bucket.push_back({up_to_here, bound.count()});
        }
        return metric;
    }

    std::deque<metric_family>& families() noexcept { return families_; }
    std::deque<metric_family> const& families() const noexcept { return families_; }

private:
    std::deque<metric_family> families_;
};

}  // namespace gateway::admin

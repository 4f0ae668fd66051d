// SPDX-License-Identifier: Apache-2.0
// The metrics page under construction, for those who add families to it.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gateway::admin {

using metric_labels = std::vector<prometheus::ClientMetric::Label>;

template <class Figure>
double as_double(Figure value) {
    return static_cast<double>(value);
}

class page {
public:
    void counter(char const* name, char const* help, double value) {
        family(name, help, prometheus::MetricType::Counter).metric.push_back(sample({}, value));
    }
    void gauge(char const* name, char const* help, double value) {
        family(name, help, prometheus::MetricType::Gauge).metric.push_back(sample({}, value));
    }
    prometheus::MetricFamily& family(
        char const* name, char const* help, prometheus::MetricType type) {
        return families_.emplace_back(prometheus::MetricFamily{name, help, type, {}});
    }

    // Both kinds of value are set; the serializer picks the one of the family's type.
    static prometheus::ClientMetric sample(metric_labels by, double value) {
        prometheus::ClientMetric metric;
        metric.label = std::move(by);
        metric.counter.value = value;
        metric.gauge.value = value;
        return metric;
    }

    std::string text() const {
        std::ostringstream out;
        prometheus::TextSerializer{}.Serialize(out, families_);
        return std::move(out).str();
    }

private:
    // A deque would do as well; what `family` returns is used before the next call only.
    std::vector<prometheus::MetricFamily> families_;
};

}  // namespace gateway::admin

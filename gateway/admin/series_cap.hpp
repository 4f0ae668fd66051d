// SPDX-License-Identifier: Apache-2.0
// Keeps each family of metrics to so many label sets, whatever routes and endpoints there are. Who
// was there first stays; the rest is added up in one more series, whose labels all say `overflow`.
#pragma once

#include "admin/metrics_builder.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace gateway::admin {

class series_cap {
public:
    static constexpr char const* overflow = "overflow";

    explicit series_cap(std::size_t series_max) : series_max_(series_max) {}

    // Once for each page, with every family of it.
    void apply(metric_family& family);

    // Label sets without a series of their own, of all families.
    std::size_t overflowing() const noexcept;

private:
    struct book {
        std::unordered_set<std::string> admitted;
        std::unordered_map<std::string, prometheus::ClientMetric> beyond;  // as of the last page
        prometheus::ClientMetric
            gone;  // of those that were beyond and vanished: counters only grow
    };

    std::size_t const series_max_;
    std::map<std::string, book> books_;  // of families that are at least half full
};

}  // namespace gateway::admin

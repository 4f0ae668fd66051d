// SPDX-License-Identifier: Apache-2.0
// What the operator wrote about metrics; a part of the snapshot in settings.hpp.
#pragma once

#include "base/units.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gateway::settings {

struct metrics {
    // Upper bounds of http_request_duration_seconds and of the upstreams' histograms; ascending.
    std::vector<milliseconds> buckets{5ms, 10ms,    25ms, 50ms, 100ms, 250ms, 500ms,
                                      1s,  2'500ms, 5s,   10s,  30s,   60s};
    std::uint32_t series_max = 2'000;  // Label sets of one family; the rest is summed up in one.
    bool nginx = true;                 // Also the series of nginx's exporter.
    bool cloudwatch = false;           // Embedded Metric Format lines on stdout.
    milliseconds cloudwatch_interval{60'000};
    std::string cloudwatch_namespace = "Gateway";

    bool operator==(metrics const&) const = default;
};

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
// A page of metrics as bytes: in the Prometheus text format or as OpenMetrics, whichever was asked
// for. prometheus-cpp writes the first only, and slower than a scrape of 500 endpoints may take.
#pragma once

#include <string>
#include <string_view>

namespace gateway::admin {

class page;

enum class exposition { prometheus, open_metrics };

// By the Accept field of the request: OpenMetrics for whoever names it and likes it no less than
// plain text.
exposition exposition_for(std::string_view accept) noexcept;

std::string_view content_type_of(exposition format) noexcept;

// Bounds and counts are written the same way in both formats, so that a series keeps its identity
// when its scraper changes its mind: OpenMetrics would rather have le="1.0" than le="1", but
// accepts both. Exemplars are in OpenMetrics only.
std::string written(page const& what, exposition format);

}  // namespace gateway::admin

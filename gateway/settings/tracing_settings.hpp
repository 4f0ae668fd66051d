// SPDX-License-Identifier: Apache-2.0
// Whether and how requests are traced: W3C trace context in their headers, spans to a collector.
#pragma once

#include "base/units.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gateway::settings {

// `off` passes the headers of others untouched. `propagate` takes part in the trace, `export_spans`
// also tells a collector of it.
enum class tracing_mode : std::uint8_t { off, propagate, export_spans };

struct tracing {
    static constexpr std::uint32_t whole = 1'000'000;

    tracing_mode mode = tracing_mode::off;
    std::string endpoint{"http://localhost:4318/v1/traces"};  // OTLP over HTTP, in JSON.
    std::uint32_t sample = whole / 100;  // Of new traces that are recorded, in millionths.
    bool errors = true;                  // Export the spans of every failed request too.
    std::string service_name{"gateway"};
    std::vector<std::pair<std::string, std::string>> attributes{};  // Of the resource.
    std::vector<std::pair<std::string, std::string>> headers{};     // Of requests to the collector.
    std::uint32_t queue = 1'024;     // Spans waiting to be sent, on each core.
    std::uint32_t batch = 512;       // Spans in one request to the collector.
    milliseconds interval{1'000};    // Between two looks for spans to send.
    milliseconds timeout{5'000};     // One request to the collector.
    milliseconds retry_for{30'000};  // A batch is given up after this.

    bool operator==(tracing const&) const = default;
};

}  // namespace gateway::settings

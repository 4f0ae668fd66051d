// SPDX-License-Identifier: Apache-2.0
// Spans as a collector takes them: an ExportTraceServiceRequest of OpenTelemetry's protocol in JSON
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), with the names of the
// semantic conventions for HTTP spans.
#pragma once

#include "observe/redaction.hpp"
#include "observe/span.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::observe {

class otlp_batch {
public:
    using attributes = std::vector<std::pair<std::string, std::string>>;

    // `resource` describes this process. Of the query parameters in `redacted` no value is told.
    otlp_batch(
        attributes const& resource,
        std::string_view version,
        std::vector<std::string> const& redacted);
    void redact(std::vector<std::string> const& parameters) { secrets_ = redaction{parameters}; }

    void add(span const& one);
    std::size_t size() const noexcept { return spans_; }
    // The request's body; the batch is empty after that.
    std::string take();

private:
    void begin_attribute(std::string_view name);
    void text(std::string_view name, std::string_view value);
    void number(std::string_view name, std::uint64_t value);
    void flag(std::string_view name, bool value);
    void add_url(span const& one);
    void add_server_facts(span const& one);
    void add_client_facts(span const& one);
    void add_outcome(span const& one);

    std::string const head_;
    redaction secrets_;
    std::string out_;
    std::size_t spans_ = 0;
    bool first_attribute_ = true;
};

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
// A scrape in the Prometheus text format, read by name and labels.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gateway::support {

class metrics_text {
public:
    using labels = std::vector<std::pair<std::string, std::string>>;

    explicit metrics_text(std::string text) : text_{std::move(text)} {}

    // The sum of all samples of that name which carry at least these labels; 0 when there is none.
    double sum(std::string const& name, labels const& wanted = {}) const;
    bool has(std::string const& name) const;
    std::string const& text() const { return text_; }

private:
    std::string text_;
};

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
#include "support/metrics_text.hpp"

#include <algorithm>
#include <sstream>

namespace gateway::support {
namespace {

struct sample {
    std::string name;
    std::string labels;  // between the braces
    double value;
};

sample sample_of(std::string const& line) {
    auto const value_at = line.rfind(' ');
    auto const series = line.substr(0, value_at);
    auto const brace = series.find('{');
    if (brace == series.npos) return {series, {}, std::stod(line.substr(value_at))};
    auto const inside = series.substr(brace + 1, series.rfind('}') - brace - 1);
    return {series.substr(0, brace), inside, std::stod(line.substr(value_at))};
}

std::vector<sample> samples_named(std::string const& text, std::string const& name) {
    std::vector<sample> found;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(name)) continue;
        auto s = sample_of(line);
        if (s.name == name) found.push_back(std::move(s));
    }
    return found;
}

}  // namespace

double metrics_text::sum(std::string const& name, labels const& wanted) const {
    double total = 0;
    for (auto const& s : samples_named(text_, name)) {
        auto const carries_all = std::ranges::all_of(wanted, [&](auto const& label) {
            auto const pair = label.first + "=\"" + label.second + '"';
            return (',' + s.labels).find(',' + pair) != std::string::npos;
        });
        if (carries_all) total += s.value;
    }
    return total;
}

bool metrics_text::has(std::string const& name) const {
    return !samples_named(text_, name).empty();
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// The settings about metrics: their syntax, and what they cannot mean together.
#include "settings/metrics_syntax.hpp"
#include "settings/problem.hpp"
#include "settings/validate.hpp"

#include <algorithm>

namespace gateway::settings {

std::optional<std::string> metric_namespace::parse(std::string_view text, refusal&) {
    static constexpr std::string_view marks = "._-/#:";
    constexpr std::string_view of_aws = "AWS/";
    bool const fits = !text.empty() && text.size() <= 255 &&
                      text.substr(0, of_aws.size()) != of_aws &&
                      std::all_of(text.begin(), text.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
                      });
    return fits ? std::optional{std::string{text}} : std::nullopt;
}

// A histogram is read from its smallest bucket up.
void check_metrics(snapshot const& all, reader& in) {
    node const* const section = find(*in.found.root, "metrics");
    node const* const written = section ? find(*section, "duration_buckets") : nullptr;
    // An item that was refused is told already.
    if (!written || written->items.size() != all.metrics.buckets.size()) return;
    reader::step const here{in, "metrics.duration_buckets"};
    milliseconds before{0};
    for (std::size_t i = 0; i < written->items.size(); ++i) {
        milliseconds const bound = all.metrics.buckets[i];
        if (bound <= before) {
            in.refuse(
                written->items[i], in_quotes(duration::text(bound)),
                "more than the bucket before it, " + duration::text(before));
            return;
        }
        before = bound;
    }
}

}  // namespace gateway::settings

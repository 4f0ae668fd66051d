// SPDX-License-Identifier: Apache-2.0
// Syntaxes of the settings in metrics_settings.hpp.
#pragma once

#include "settings/syntax.hpp"

namespace gateway::settings {

// Where CloudWatch files metrics; names that begin with "AWS/" are AWS's own.
struct metric_namespace {
    using value = std::string;
    static constexpr std::string_view type = "name";
    static constexpr std::string_view expected =
        "a namespace of 1 to 255 letters, digits and ._-/#: that does not begin with AWS/";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

}  // namespace gateway::settings

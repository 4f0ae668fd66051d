// SPDX-License-Identifier: Apache-2.0
// Syntaxes of the settings about the admin listener; see syntax.hpp for what a syntax is.
#pragma once

#include "settings/syntax.hpp"

namespace gateway::settings {

struct ready_policy_name {
    using value = ready_policy;
    static constexpr std::string_view type = "`listening`, `any_endpoint` or `every_upstream`";
    static constexpr std::string_view expected =
        "one of listening, any_endpoint and every_upstream";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// Empty for none, so that it may come from a variable. A short one could be guessed.
struct admin_token {
    using value = std::string;
    static constexpr std::size_t size_min = 16;
    static constexpr std::size_t size_max = 512;
    static constexpr std::string_view type = "token";
    static constexpr std::string_view expected =
        "a secret of 16 to 512 visible ASCII characters without blanks";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// Empty for none.
struct optional_path {
    using value = std::string;
    static constexpr std::string_view type = "path";
    static constexpr std::string_view expected = url_path::expected;
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
// Syntaxes of the settings in endpoint_settings.hpp; see syntax.hpp for what a syntax is.
#pragma once

#include "settings/syntax.hpp"

namespace gateway::settings {

struct probe_kind_name {
    using value = probe_kind;
    static constexpr std::string_view type = "`http` or `tcp`";
    static constexpr std::string_view expected = "http or tcp";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct balance_method_name {
    using value = balance_method;
    static constexpr std::string_view type =
        "`two_choices`, `round_robin`, `least_requests`, `hash` or `sticky_cookie`";
    static constexpr std::string_view expected =
        "one of two_choices, round_robin, least_requests, hash and sticky_cookie";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// "client_address", "path", "header:X-User", "cookie:sid", "query:user".
struct hash_key {
    using value = hash_source;
    static constexpr std::string_view type =
        "`client_address`, `path`, `header:NAME`, `cookie:NAME` or `query:NAME`";
    static constexpr std::string_view expected =
        "client_address, path, header:NAME, cookie:NAME or query:NAME";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// "204", "200-299" or "2xx".
struct statuses {
    using value = status_range;
    static constexpr std::string_view type = "status";
    static constexpr std::string_view expected = "a status or a range such as 204, 200-399 or 2xx";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct cookie_name {
    using value = std::string;
    static constexpr std::string_view type = "cookie name";
    static constexpr std::string_view expected =
        "a cookie name of at most 64 letters, digits, dashes, dots and underscores";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// A zone that may be left to the environment, held as an empty text.
struct own_zone {
    using value = std::string;
    static constexpr std::string_view type = "text or `auto`";
    static constexpr std::string_view expected =
        "auto or a text of 1 to 128 characters on one line";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what.empty() ? "auto" : what; }
};

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
// Syntaxes of the settings in tracing_settings.hpp.
#pragma once

#include "settings/syntax.hpp"
#include "settings/tracing_settings.hpp"

namespace gateway::settings {

struct tracing_mode_name {
    using value = tracing_mode;
    static constexpr std::string_view type = "`off`, `propagate` or `export`";
    static constexpr std::string_view expected = "one of off, propagate and export";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// "0.01" or "1%", held in millionths.
struct share {
    using value = std::uint32_t;
    static constexpr std::string_view type = "share";
    static constexpr std::string_view expected = "a share from 0 to 1 such as 0.01 or 1%";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct collector_url {
    using value = std::string;
    static constexpr std::string_view type = "URL";
    static constexpr std::string_view expected =
        "the address of an OTLP collector such as http://localhost:4318/v1/traces";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// Of an attribute, as OpenTelemetry names them: "deployment.environment.name".
struct attribute_name {
    using value = std::string;
    static constexpr std::string_view type = "name";
    static constexpr std::string_view expected =
        "a name of at most 64 letters, digits, dots, dashes and underscores";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

}  // namespace gateway::settings

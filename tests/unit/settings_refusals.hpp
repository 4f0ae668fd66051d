// SPDX-License-Identifier: Apache-2.0
// A table of wrong configurations: the text, and the one line that must be said of it.
#pragma once

#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::testing {

using settings::load_text;
using settings::loaded;
using settings::to_text;

inline std::optional<std::string> no_variables(std::string_view) { return std::nullopt; }

// The rest of the file, so that each case is wrong in one way only.
inline constexpr std::string_view upstreams =
    "upstreams: {web: {endpoints: [web]}, api: {endpoints: [api]}}\n";
inline constexpr std::string_view routes = "routes: [{prefix: /, upstream: web}]\n";

struct bad {
    std::string text;  // Begins the file.
    bool needs_upstreams;
    bool needs_routes;
    std::string place;  // line:column
    std::string words;  // The whole message after the place.
};

inline void check_table(std::vector<bad> const& table) {
    for (bad const& one : table) {
        std::string text = one.text;
        if (one.needs_upstreams) text += upstreams;
        if (one.needs_routes) text += routes;
        CAPTURE(text);
        loaded const result = load_text(text, "g.yaml", no_variables);
        CHECK_FALSE(result.value);
        REQUIRE(result.problems.size() == 1);
        CHECK(to_text(result.problems.front()) == "g.yaml:" + one.place + ": " + one.words);
    }
}

inline bad setting(std::string text, std::string place, std::string words) {
    return {std::move(text) + '\n', true, true, std::move(place), std::move(words)};
}
inline bad upstream(std::string text, std::string place, std::string words) {
    return {
        "upstreams:\n  web: " + std::move(text) + '\n', false, true, std::move(place),
        std::move(words)};
}
// The route stands on line 2 from column 3.
inline bad route(std::string text, std::string place, std::string words) {
    return {
        "routes:\n- " + std::move(text) + '\n', true, false, std::move(place), std::move(words)};
}
inline bad whole(std::string text, std::string place, std::string words) {
    return {std::move(text), false, false, std::move(place), std::move(words)};
}

inline constexpr char const* a_duration = "expected a duration such as 500ms, 10s, 5m or 1h";
inline constexpr char const* a_size = "expected a size such as 4096, 64KiB, 10MiB or 1GiB";
inline constexpr char const* an_endpoint =
    "expected an endpoint such as backend:5000, 10.0.0.7:5000 or https://api.example.com";
inline constexpr char const* a_listen_address =
    "expected an address to listen on such as 0.0.0.0:8080, [::]:8080 or 8080";

}  // namespace gateway::testing

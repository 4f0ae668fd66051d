// SPDX-License-Identifier: Apache-2.0
// How the `tests` of a configuration are written.
#pragma once

#include "settings/syntax.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gateway::settings {

// "GET http://host/path"; GET may be left out.
struct request_text {
    using value = std::string;  // with its method
    static constexpr std::string_view type = "request";
    static constexpr std::string_view expected =
        "a method and a URL such as GET http://shop.example/api/cart";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// A path with or without a query.
struct url_target {
    using value = std::string;
    static constexpr std::string_view type = "path and query";
    static constexpr std::string_view expected = "a path and query such as /api/cart?id=7";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

struct peer_address {
    using value = std::string;
    static constexpr std::string_view type = "IP address";
    static constexpr std::string_view expected = "an IP address such as 203.0.113.7";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// Of any field, those that the gateway keeps to itself included.
struct any_field_name {
    using value = std::string;
    static constexpr std::string_view type = "header name";
    static constexpr std::string_view expected = "a header name such as Host";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

}  // namespace gateway::settings

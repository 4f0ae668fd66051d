// SPDX-License-Identifier: Apache-2.0
// What an operator asks of the admin listener, and what is answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::admin {

// The views are valid until the request is answered.
struct admin_request {
    std::string_view method;
    std::string_view path;
    std::string_view query{};
    std::string_view host{};
    std::string_view origin{};
    std::string_view fetch_site{};  // Sec-Fetch-Site, which browsers set and scripts cannot
    std::string_view authorization{};
    std::string_view accept{};
    std::string client{};  // address

    bool reads() const noexcept { return method == "GET" || method == "HEAD"; }

    // The value of a parameter of the query, decoded; nothing when it is not there or malformed.
    std::optional<std::string> parameter(std::string_view name) const;
};

struct admin_reply {
    unsigned status = 200;
    std::string body{};
    std::string_view type = "text/plain; charset=utf-8";  // a literal
    std::vector<std::pair<std::string_view, std::string>> fields{};
};

inline constexpr std::string_view json_type = "application/json";

inline admin_reply refusal(unsigned status, std::string why) {
    return {.status = status, .body = std::move(why) + '\n'};
}

}  // namespace gateway::admin

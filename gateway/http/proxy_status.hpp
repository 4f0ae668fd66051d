// SPDX-License-Identifier: Apache-2.0
// What the gateway says of its part in a reply: the Proxy-Status field (RFC 9209). Only replies
// that it makes itself have a member of its own; a relayed response keeps those that it came with.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::http {

// The name of this intermediary, as in Via.
inline constexpr std::string_view proxy_name = "gateway";

// The error type of RFC 9209 2.3 that says the same as the cause, or as nearly as there is one.
std::string_view proxy_error_of(cause why) noexcept;

// The field's value: "gateway" for a reply without a fault, else with the type as `error` and our
// word as `details`. `received` is the status that an upstream sent and that is not passed on, or
// 0.
void append_proxy_status(std::string& out, cause why, std::uint16_t received);

}  // namespace gateway::http

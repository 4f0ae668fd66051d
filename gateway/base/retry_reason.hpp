// SPDX-License-Identifier: Apache-2.0
// Why a request was sent again. The same word stands in the access log and in the metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway {

enum class retry_reason : std::uint8_t {
    none,
    connect_failed,   // the connection was never made
    not_received,     // it ended before the upstream had received the request
    connection_lost,  // it broke off, and the method is idempotent
    status,           // the response's status is one of retries.on_status
};

inline constexpr std::size_t retry_reason_count =
    static_cast<std::size_t>(retry_reason::status) + 1;

constexpr std::string_view word_of(retry_reason reason) noexcept {
    constexpr std::array<std::string_view, retry_reason_count> words{
        "none", "connect_failed", "not_received", "connection_lost", "status"};
    return words[static_cast<std::size_t>(reason)];
}

}  // namespace gateway

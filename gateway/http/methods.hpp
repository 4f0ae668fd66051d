// SPDX-License-Identifier: Apache-2.0
// Request methods and what may be assumed of them (RFC 9110 9, RFC 5789).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::http {

// Same order as observe::method_label.
enum class method : std::uint8_t {
    get,
    head,
    post,
    put,
    del,
    patch,
    options,
    trace,
    connect,
    other,
};

inline constexpr std::size_t method_count = static_cast<std::size_t>(method::other) + 1;

method method_of(std::string_view text) noexcept;  // case-sensitive, RFC 9110 9.1
std::string_view text_of(method value) noexcept;   // empty for `other`

// RFC 9110 9.2.1 and 9.2.2. Nothing is assumed of a method we do not know.
constexpr bool is_safe(method value) noexcept {
    return value == method::get || value == method::head || value == method::options ||
           value == method::trace;
}
constexpr bool is_idempotent(method value) noexcept {
    return is_safe(value) || value == method::put || value == method::del;
}

}  // namespace gateway::http

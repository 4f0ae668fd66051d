// SPDX-License-Identifier: Apache-2.0
// Character classes of HTTP's grammar and text comparisons that know no locale (RFC 9110 5.6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::ascii {

// One bit per class, so that one table answers every question in one load.
enum class_bit : std::uint8_t {
    digit_bit = 1,
    alpha_bit = 2,
    token_bit = 4,    // tchar, RFC 9110 5.6.2
    text_bit = 8,     // HTAB, SP, VCHAR, obs-text: what a field value may hold, RFC 9110 5.5
    target_bit = 16,  // what a request target may hold, see http/target.hpp
    path_bit = 32,    // what the path of a target may hold, "%" and "/" included
    label_bit = 64,   // letters, digits, "-" and "_": a label of a host name
};

extern std::array<std::uint8_t, 256> const classes;

inline bool is(char c, class_bit bit) noexcept {
    return (classes[static_cast<unsigned char>(c)] & bit) != 0;
}
inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool is_alpha(char c) noexcept { return is(c, alpha_bit); }
inline bool is_token_char(char c) noexcept { return is(c, token_bit); }
inline bool is_text_char(char c) noexcept { return is(c, text_bit); }
// Optional whitespace, RFC 9110 5.6.3.
inline bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    char const l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool is_token(std::string_view text) noexcept;       // at least one character
bool is_field_text(std::string_view text) noexcept;  // may be empty
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept;

inline std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// Digits only, no sign, no space, at most `max`; false leaves `out` alone.
bool parse_decimal(std::string_view text, std::uint64_t max, std::uint64_t& out) noexcept;

// Takes the next element off a comma-separated list (RFC 9110 5.6.1), trimmed; empty elements are
// skipped, commas inside a quoted string do not separate. False when the list is used up.
bool next_element(std::string_view& list, std::string_view& element) noexcept;

}  // namespace gateway::ascii

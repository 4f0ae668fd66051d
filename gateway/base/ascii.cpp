// SPDX-License-Identifier: Apache-2.0
#include "base/ascii.hpp"

#include <algorithm>

namespace gateway::ascii {
namespace {

constexpr std::uint8_t classes_of(unsigned c) {
    auto const one_of = [c](std::string_view set) {
        return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
    };
    unsigned bits = 0;
    bool const digit = c >= '0' && c <= '9';
    bool const alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool const visible = c > 0x20 && c < 0x7f;
    if (digit) bits |= digit_bit;
    if (alpha) bits |= alpha_bit;
    if (digit || alpha || one_of("!#$%&'*+-.^_`|~")) bits |= token_bit;
    if (visible || c == ' ' || c == '\t' || c >= 0x80) bits |= text_bit;
    if (visible && !one_of("\"#<>")) bits |= target_bit;
    if (visible && !one_of("\"#<>?\\^`{}")) bits |= path_bit;
    if (digit || alpha || one_of("-_")) bits |= label_bit;
    return static_cast<std::uint8_t>(bits);
}

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0; c < table.size(); ++c) table[c] = classes_of(c);
    return table;
}

}  // namespace

constexpr std::array<std::uint8_t, 256> classes = make_classes();

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_field_text(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), is_text_char);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return lower(x) == lower(y);
           });
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept {
    return text.size() >= end.size() &&
           equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool parse_decimal(std::string_view text, std::uint64_t max, std::uint64_t& out) noexcept {
    if (text.empty()) return false;
    std::uint64_t value = 0;
    for (char const c : text) {
        if (!is_digit(c)) return false;
        auto const digit = static_cast<std::uint64_t>(c - '0');
        if (value > max / 10 || value * 10 > max - digit) return false;
        value = value * 10 + digit;
    }
    out = value;
    return true;
}

bool next_element(std::string_view& list, std::string_view& element) noexcept {
    while (!list.empty()) {
        std::size_t end = 0;
        bool quoted = false;
        for (; end < list.size(); ++end) {
            char const c = list[end];
            if (quoted && c == '\\' && end + 1 < list.size()) {
                ++end;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                break;
            }
        }
        element = trim(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
        if (!element.empty()) return true;
    }
    return false;
}

}  // namespace gateway::ascii

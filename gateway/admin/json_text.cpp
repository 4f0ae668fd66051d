// SPDX-License-Identifier: Apache-2.0
#include "admin/json_text.hpp"

#include "observe/json_line.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace gateway::admin {

void json_text::value(std::string_view text) {
    separate();
    constexpr std::size_t longest_escape = 6;
    std::size_t const before = out_.size();
    out_.resize(before + 2 + text.size() * longest_escape);
    char* const begin = out_.data() + before;
    *begin = '"';
    bool truncated = false;
    char* const end =
        observe::append_escaped(begin + 1, out_.data() + out_.size() - 1, text, truncated);
    *end = '"';
    out_.resize(static_cast<std::size_t>(end + 1 - out_.data()));
}

void json_text::value(double number) {
    if (!std::isfinite(number)) return null();
    separate();
    std::array<char, 32> text;
    double const rounded = std::round(number * 1000) / 1000;
    auto const end =
        std::to_chars(text.data(), text.data() + text.size(), rounded, std::chars_format::fixed, 3)
            .ptr;
    std::string_view shown{text.data(), static_cast<std::size_t>(end - text.data())};
    while (shown.back() == '0') shown.remove_suffix(1);
    if (shown.back() == '.') shown.remove_suffix(1);
    out_ += shown == "-0" ? "0" : shown;
}

}  // namespace gateway::admin

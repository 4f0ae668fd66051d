// SPDX-License-Identifier: Apache-2.0
// Settings whose values are a few words.
#pragma once

#include "settings/problem.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::settings {

inline bool same_word(std::string_view a, std::string_view b) {
    auto const lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) {
        return lower(x) == lower(y);
    });
}

template <class Value, std::size_t Count>
using dictionary = std::array<std::pair<std::string_view, Value>, Count>;

template <class Value, std::size_t Count>
std::optional<Value> look_up(
    std::string_view text, dictionary<Value, Count> const& words, refusal& why) {
    std::vector<std::string_view> known;
    for (auto const& [word, value] : words) {
        if (same_word(word, text)) return value;
        known.push_back(word);
    }
    why.hint = did_you_mean(text, known);
    return std::nullopt;
}

template <class Value, std::size_t Count>
std::string word_for(Value value, dictionary<Value, Count> const& words) {
    for (auto const& [word, meaning] : words) {
        if (meaning == value) return std::string{word};
    }
    return {};
}

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
#include "settings/problem.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace gateway::settings {
namespace {

constexpr std::size_t quoted_bytes_max = 80;
constexpr std::size_t word_bytes_max = 48;  // Longer words are no typing slips.

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        } else {
            out += c;
        }
    }
    return out;
}

bool shorter(std::string_view a, std::string_view b) { return a.size() < b.size(); }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Edit distance in which a swap of two neighbours is one slip (optimal string alignment).
std::size_t slips_between(std::string_view a, std::string_view b) {
    using line = std::array<std::size_t, word_bytes_max + 1>;
    line before_last{};
    line last{};
    line now{};
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            bool const same = lower(a[i - 1]) == lower(b[j - 1]);
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
            bool const swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) now[j] = std::min(now[j], before_last[j - 2] + 1);
        }
        before_last = last;
        last = now;
    }
    return last[b.size()];
}

}  // namespace

std::string to_text(problem const& one) {
    std::string out = one.file;
    if (one.line > 0) out += ":" + std::to_string(one.line) + ":" + std::to_string(one.column);
    out += ": ";
    if (!one.key.empty()) out += one.key + ": ";
    out += "found " + one.found + ", expected " + one.expected;
    if (!one.hint.empty()) out += "; " + one.hint;
    return out;
}

void problem_list::add(problem one) {
    if (full()) {
        ++dropped_;
        return;
    }
    one.file = file_;
    // An alias shows its anchor's content a second time; its problems are still the same ones.
    bool const known = std::any_of(kept_.begin(), kept_.end(), [&](problem const& other) {
        return std::tie(one.line, one.column, one.found, one.expected) ==
               std::tie(other.line, other.column, other.found, other.expected);
    });
    if (!known) kept_.push_back(std::move(one));
}

std::vector<problem> problem_list::take() {
    std::stable_sort(kept_.begin(), kept_.end(), [](problem const& a, problem const& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    if (dropped_ > 0) {
        kept_.push_back(
            {.file = file_,
             .found = std::to_string(dropped_) + " further problems",
             .expected = "at most " + std::to_string(problems_max),
             .hint = "mend those above first"});
    }
    dropped_ = 0;
    return std::exchange(kept_, {});
}

std::string in_quotes(std::string_view text) {
    if (text.size() <= quoted_bytes_max) return '"' + escaped(text) + '"';
    // Cut between characters, not within one.
    std::size_t end = quoted_bytes_max;
    while (end > 0 && is_continuation(text[end])) --end;
    return '"' + escaped(text.substr(0, end)) + "...\"";
}

std::string_view nearest(std::string_view word, std::vector<std::string_view> const& candidates) {
    if (word.empty() || word.size() > word_bytes_max) return {};
    std::string_view best;
    // One slip for each three letters, so that a short word does not match whatever is short too.
    std::size_t slips_max = std::max<std::size_t>(1, word.size() / 3);
    for (std::string_view const candidate : candidates) {
        if (candidate.empty() || candidate.size() > word_bytes_max) continue;
        std::size_t slips = slips_between(word, candidate);
        // "warning" for "warn", "header" for "header_line".
        std::string_view const both = std::min(word, candidate, shorter);
        if (both.size() > 3 && word.substr(0, both.size()) == candidate.substr(0, both.size())) {
            slips = std::min(slips, slips_max);
        }
        bool const nothing_kept = slips >= std::max(word.size(), candidate.size());
        if (nothing_kept || slips > slips_max || (slips == slips_max && !best.empty())) continue;
        best = candidate;
        slips_max = slips;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::vector<std::string_view> const& candidates) {
    std::string_view const best = nearest(word, candidates);
    return best.empty() ? std::string{} : "did you mean " + in_quotes(best) + "?";
}

std::string listed(std::vector<std::string_view> const& words) {
    if (words.empty()) return "nothing";
    std::string out = words.size() > 1 ? "one of " : "";
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
        out += words[i];
    }
    return out;
}

}  // namespace gateway::settings

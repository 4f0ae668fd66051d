// SPDX-License-Identifier: Apache-2.0
#include "observe/redaction.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gateway::observe {
namespace {

constexpr std::string_view mask = "***";

// The next character of a name in lower case as a decoder reads it; advances past it.
char next_decoded(std::string_view& name) noexcept {
    char c = name.front();
    std::size_t used = 1;
    if (c == '%' && name.size() >= 3) {
        int const high = ascii::hex_value(name[1]);
        int const low = ascii::hex_value(name[2]);
        if (high >= 0 && low >= 0) {
            c = static_cast<char>(high << 4 | low);
            used = 3;
        }
    }
    name.remove_prefix(used);
    return ascii::lower(c);
}

bool reads_as(std::string_view name, std::string_view wanted) noexcept {
    for (char const c : wanted) {
        if (name.empty() || next_decoded(name) != c) return false;
    }
    return name.empty();
}

}  // namespace

redaction::redaction(std::vector<std::string> names) : names_(std::move(names)) {
    for (std::string& name : names_) {
        for (char& c : name) c = ascii::lower(c);
        longest_ = std::max(longest_, name.size());
    }
}

bool redaction::is_secret(std::string_view name) const noexcept {
    // Each character may have been written as three.
    if (name.empty() || name.size() > 3 * longest_) return false;
    return std::any_of(names_.begin(), names_.end(), [&](std::string const& secret) {
        return name.size() >= secret.size() && reads_as(name, secret);
    });
}

std::string_view redaction::hide(std::string_view url) noexcept {
    std::size_t at = url.find('?');
    if (at == std::string_view::npos || names_.empty()) return url;
    std::size_t size = 0;       // of the text written so far
    std::size_t copied_to = 0;  // in the URL
    auto const append = [&](std::string_view part) {
        std::size_t const fits = std::min(part.size(), text_.size() - size);
        std::memcpy(text_.data() + size, part.data(), fits);
        size += fits;
    };
    while (at < url.size()) {
        std::size_t const begin = at + 1;
        // "#" begins the fragment, where some put tokens in the same form.
        std::size_t const end = std::min(url.find_first_of("&;#?", begin), url.size());
        std::size_t const equals = url.substr(0, end).find('=', begin);
        if (equals != std::string_view::npos && is_secret(url.substr(begin, equals - begin))) {
            append(url.substr(copied_to, equals + 1 - copied_to));
            append(mask);
            copied_to = end;
        }
        at = end;
    }
    if (copied_to == 0) return url;
    append(url.substr(copied_to));
    return {text_.data(), size};
}

}  // namespace gateway::observe

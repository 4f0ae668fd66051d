// SPDX-License-Identifier: Apache-2.0
#include "demo/json.hpp"

namespace gateway::demo {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

bool continues(std::string_view text, std::size_t at) {
    return at < text.size() && (byte_at(text, at) & 0xc0U) == 0x80U;
}

std::string escaped(unsigned char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\\u00";
    out += digits[c >> 4U];
    out += digits[c & 0xfU];
    return out;
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) noexcept {
    if (text.empty()) return 0;
    auto const first = byte_at(text, 0);
    if (first < 0x80) return 1;
    if (first < 0xc2 || !continues(text, 1)) return 0;
    if (first < 0xe0) return 2;
    auto const second = byte_at(text, 1);
    if (first < 0xf0) {
        // Overlong forms and surrogates are not UTF-8 (RFC 3629 section 4).
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
        return continues(text, 2) ? 3 : 0;
    }
    if (first > 0xf4 || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
        return 0;
    }
    return continues(text, 2) && continues(text, 3) ? 4 : 0;
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        auto const length = utf8_sequence(text);
        auto const c = static_cast<unsigned char>(text.front());
        if (length == 0) {
            out += "\xef\xbf\xbd";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += text.front();
        } else if (c < 0x20) {
            out += escaped(c);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
    return out;
}

}  // namespace gateway::demo

// SPDX-License-Identifier: Apache-2.0
#include "observe/text_line.hpp"

#include <algorithm>
#include <array>

namespace gateway::observe {

bool logfmt_line::is_plain(std::string_view value) noexcept {
    return std::all_of(value.begin(), value.end(), [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
    });
}

void combined_line::escaped(std::string_view text, std::size_t size_max) noexcept {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::size_t used = 0;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        bool const as_it_is = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
        std::size_t const size = as_it_is ? 1 : 4;
        if ((used += size) > size_max) return;
        if (as_it_is) {
            line_.raw({&c, 1});
        } else {
            std::array<char, 4> const code{'\\', 'x', digits[byte >> 4], digits[byte & 15]};
            line_.raw({code.data(), code.size()});
        }
    }
}

void combined_line::quoted(std::string_view text, std::size_t size_max) noexcept {
    line_.literal(" \"");
    if (text.empty()) {
        line_.literal("-");
    } else {
        escaped(text, size_max);
    }
    line_.literal("\"");
}

}  // namespace gateway::observe

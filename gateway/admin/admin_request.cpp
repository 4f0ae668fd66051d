// SPDX-License-Identifier: Apache-2.0
#include "admin/admin_request.hpp"

#include "base/ascii.hpp"

namespace gateway::admin {
namespace {

// As forms are encoded; nothing when it is malformed.
std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        int const high = ascii::hex_value(text[i + 1]);
        int const low = ascii::hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

}  // namespace

std::optional<std::string> admin_request::parameter(std::string_view name) const {
    std::string_view rest = query;
    while (!rest.empty()) {
        std::string_view const part = rest.substr(0, rest.find('&'));
        rest.remove_prefix(part.size() == rest.size() ? rest.size() : part.size() + 1);
        std::string_view const key = part.substr(0, part.find('='));
        if (key != name) continue;
        return decoded(
            key.size() == part.size() ? std::string_view{} : part.substr(key.size() + 1));
    }
    return std::nullopt;
}

}  // namespace gateway::admin

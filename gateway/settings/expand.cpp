// SPDX-License-Identifier: Apache-2.0
#include "settings/expand.hpp"

#include "settings/problem.hpp"

namespace gateway::settings {
namespace {

bool is_name(std::string_view text) {
    if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
    for (char const c : text) {
        bool const letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

expansion refused(std::string_view reference, std::string expected, std::string hint = {}) {
    return {{}, in_quotes(reference), std::move(expected), std::move(hint)};
}

}  // namespace

expansion expand(std::string_view text, environment const& variables) {
    expansion out;
    while (!text.empty()) {
        std::size_t const dollar = text.find('$');
        out.text += text.substr(0, dollar);
        if (dollar == std::string_view::npos) break;
        text.remove_prefix(dollar);
        if (text.substr(0, 2) == "$$") {
            out.text += '$';
            text.remove_prefix(2);
            continue;
        }
        if (text.substr(0, 2) != "${") {
            out.text += '$';
            text.remove_prefix(1);
            continue;
        }
        std::size_t const end = text.find('}');
        if (end == std::string_view::npos) {
            return refused(text, "a closing } after ${NAME", "write $$ for a plain $");
        }
        std::string_view const reference = text.substr(0, end + 1);
        std::string_view const inner = text.substr(2, end - 2);
        std::size_t const mark = inner.find(":-");
        bool const has_fallback = mark != std::string_view::npos;
        std::string_view const name = inner.substr(0, mark);
        std::string_view const fallback = has_fallback ? inner.substr(mark + 2) : "";
        if (!is_name(name)) {
            return refused(reference, "${NAME} or ${NAME:-default}", "write $$ for a plain $");
        }
        if (fallback.find("${") != std::string_view::npos) {
            return refused(reference, "a default without a variable in it");
        }
        std::optional<std::string> const value = variables(name);
        if (!value && !has_fallback) {
            return refused(
                reference, "the environment variable " + std::string{name} + " to be set",
                "set it, or write ${" + std::string{name} + ":-default}");
        }
        bool const use_fallback = has_fallback && (!value || value->empty());
        out.text += use_fallback ? fallback : std::string_view{*value};
        if (out.text.size() > expanded_bytes_max) {
            return refused(reference, "a value of at most 64 KiB");
        }
        text.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace gateway::settings

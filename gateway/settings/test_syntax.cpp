// SPDX-License-Identifier: Apache-2.0
#include "settings/test_syntax.hpp"

#include "base/ascii.hpp"
#include "settings/problem.hpp"

#include <algorithm>

namespace gateway::settings {
namespace {

constexpr std::size_t request_bytes_max = 8'192;

}  // namespace

std::optional<std::string> request_text::parse(std::string_view text, refusal& why) {
    std::size_t const blank = text.find(' ');
    std::string_view const verb = blank == text.npos ? "GET" : text.substr(0, blank);
    std::string_view const url = blank == text.npos ? text : text.substr(blank + 1);
    refusal of_method;
    if (!method::parse(verb, of_method)) {
        why.hint = of_method.hint;
        return std::nullopt;
    }
    bool const visible =
        std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
    std::string_view host = url;
    if (host.substr(0, 7) == "http://") {
        host.remove_prefix(7);
    } else if (host.substr(0, 8) == "https://") {
        host.remove_prefix(8);
    } else {
        if (!url.empty() && url.front() == '/') {
            why.hint = "say which host is asked: http://example.com" + std::string{url};
        } else if (url.find("://") == url.npos && !url.empty()) {
            why.hint = "did you mean " + in_quotes("http://" + std::string{url}) + "?";
        }
        return std::nullopt;
    }
    if (host.empty() || host.front() == '/' || !visible || text.size() > request_bytes_max) {
        return std::nullopt;
    }
    return std::string{verb} + ' ' + std::string{url};
}

std::optional<std::string> url_target::parse(std::string_view text, refusal&) {
    bool const fine =
        !text.empty() && text.front() == '/' && text.size() <= request_bytes_max &&
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return fine ? std::optional{std::string{text}} : std::nullopt;
}

std::optional<std::string> peer_address::parse(std::string_view text, refusal&) {
    refusal unused;
    bool const one = text.find('/') == text.npos && network::parse(text, unused);
    return one ? std::optional{std::string{text}} : std::nullopt;
}

std::optional<std::string> any_field_name::parse(std::string_view text, refusal&) {
    bool const fine = !text.empty() && text.size() <= 128 && ascii::is_token(text);
    return fine ? std::optional{std::string{text}} : std::nullopt;
}

}  // namespace gateway::settings

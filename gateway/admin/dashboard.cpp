// SPDX-License-Identifier: Apache-2.0
#include "admin/operator_pages.hpp"

#include <sys/random.h>

#include <array>
#include <stdexcept>

namespace gateway::admin {

extern std::string_view const dashboard_html;  // embedded by the build

namespace {

// A new one for each answer: only a script or style that has it runs (CSP 3, 6.7.3.3).
std::string fresh_nonce() {
    std::array<unsigned char, 16> bytes;
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error{"no random bytes for the dashboard"};
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned char const each : bytes) {
        text += digits[each >> 4];
        text += digits[each & 15];
    }
    return text;
}

}  // namespace

admin_reply dashboard() {
    constexpr std::string_view placeholder = "NONCE";
    std::string const nonce = fresh_nonce();
    std::string_view rest = dashboard_html;
    std::string page;
    page.reserve(rest.size() + 256);
    for (auto at = rest.find(placeholder); at != std::string_view::npos;
         at = rest.find(placeholder)) {
        page.append(rest.substr(0, at)).append(nonce);
        rest.remove_prefix(at + placeholder.size());
    }
    page.append(rest);
    admin_reply reply{.body = std::move(page), .type = "text/html; charset=utf-8"};
    reply.fields.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce +
            "'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'");
    reply.fields.emplace_back("Referrer-Policy", "no-referrer");
    return reply;
}

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
#include "admin/change_guard.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>

namespace gateway::admin {
namespace {

// A literal address: "127.evil.example" is a name.
bool is_loopback(std::string_view address) {
    bool const v4 = address.find_first_not_of("0123456789.") == std::string_view::npos;
    return (v4 && address.starts_with("127.")) || address == "::1";
}

// "127.0.0.1:9113" without its port; of "[::1]:9113" what is in the brackets.
std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) {
        auto const end = authority.find(']');
        return end == std::string_view::npos ? std::string_view{} : authority.substr(1, end - 1);
    }
    return authority.substr(0, authority.find(':'));
}

// A name of the attacker's that leads to loopback makes a page of his one of the same origin; the
// name is in Host then.
bool names_loopback(std::string_view authority) {
    std::string_view const host = host_of(authority);
    return is_loopback(host) || ascii::equal_ignoring_case(host, "localhost");
}

// Browsers say where a request comes from; whatever else asks does not (Fetch, 3.2 Origin;
// Fetch Metadata, 2.4).
bool comes_from_elsewhere(admin_request const& asked) {
    if (!asked.fetch_site.empty() && asked.fetch_site != "same-origin") return true;
    if (asked.origin.empty()) return false;
    constexpr std::array<std::string_view, 2> schemes{"http://", "https://"};
    return std::none_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
        return asked.origin.starts_with(scheme) &&
               ascii::equal_ignoring_case(asked.origin.substr(scheme.size()), asked.host);
    });
}

}  // namespace

bool equal_in_constant_time(std::string_view given, std::string_view secret) noexcept {
    unsigned differences = given.size() == secret.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i) {
        char const expected = secret.empty() ? '\0' : secret[i % secret.size()];
        differences |= static_cast<unsigned char>(given[i] ^ expected);
    }
    return differences == 0 && !secret.empty();
}

std::string_view word_of(change_rule rule) noexcept {
    switch (rule) {
        case change_rule::refused: return "refused";
        case change_rule::loopback: return "loopback";
        case change_rule::token: return "token";
    }
    return {};
}

change_guard::change_guard(settings::admin const& wanted)
    : token_(wanted.token),
      address_(wanted.address.host.empty() ? "0.0.0.0" : wanted.address.host),
      rule_(
          !token_.empty()         ? change_rule::token
          : is_loopback(address_) ? change_rule::loopback
                                  : change_rule::refused) {}

std::optional<admin_reply> change_guard::refuse(admin_request const& asked) const {
    if (comes_from_elsewhere(asked)) {
        return refusal(403, "Changes are not taken from the pages of another site.");
    }
    if (rule_ == change_rule::refused) {
        return refusal(
            403, "Nothing can be changed here: the admin listener is on " + address_ +
                     ", where anyone who reaches it could. Set admin.token and send it as "
                     "Authorization: Bearer, or set admin.address to one on 127.0.0.1.");
    }
    if (rule_ == change_rule::loopback) {
        if (names_loopback(asked.host)) return std::nullopt;
        return refusal(
            403,
            "Changes are taken at http://127.0.0.1 or http://localhost only, unless "
            "admin.token is set.");
    }
    constexpr std::string_view scheme = "Bearer ";
    bool const bearer =
        asked.authorization.size() > scheme.size() &&
        ascii::equal_ignoring_case(asked.authorization.substr(0, scheme.size()), scheme);
    if (bearer &&
        equal_in_constant_time(ascii::trim(asked.authorization.substr(scheme.size())), token_)) {
        return std::nullopt;
    }
    admin_reply reply = refusal(
        401, bearer ? "This is not the token of admin.token."
                    : "Send the token of admin.token: Authorization: Bearer TOKEN.");
    reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"gateway admin\"");
    return reply;
}

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
#include "proxy/balance_key.hpp"

#include "base/ascii.hpp"
#include "upstream/hash.hpp"

#include <algorithm>
#include <charconv>

namespace gateway::proxy {
namespace {

constexpr std::size_t identity_digits = 16;

std::string_view field_of(http::head const& head, std::string_view name) noexcept {
    for (http::field const& each : head.fields()) {
        if (ascii::equal_ignoring_case(head.name(each), name)) return head.value(each);
    }
    return {};
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Takes the next piece up to `mark` off `list`; false at its end.
bool next_piece(std::string_view& list, char mark, std::string_view& piece) noexcept {
    if (list.empty()) return false;
    std::size_t const end = std::min(list.find(mark), list.size());
    piece = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    return true;
}

// The value of "name=value", or nothing.
std::string_view value_if_named(std::string_view pair, std::string_view name) noexcept {
    bool const ours =
        pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=';
    return ours ? pair.substr(name.size() + 1) : std::string_view{};
}

std::uint64_t hash_of_address(http::address16 const& address) noexcept {
    return upstream::hash_of({reinterpret_cast<char const*>(address.data()), address.size()});
}

}  // namespace

std::string_view cookie_of(http::head const& head, std::string_view name) noexcept {
    for (http::field const& each : head.fields()) {
        if (!ascii::equal_ignoring_case(head.name(each), "cookie")) continue;
        std::string_view list = head.value(each);
        std::string_view pair;
        while (next_piece(list, ';', pair)) {
            std::string_view const value = value_if_named(trimmed(pair), name);
            if (!value.empty()) return value;
        }
    }
    return {};
}

std::string_view parameter_of(std::string_view query, std::string_view name) noexcept {
    std::string_view pair;
    while (next_piece(query, '&', pair)) {
        std::string_view const value = value_if_named(pair, name);
        if (!value.empty()) return value;
    }
    return {};
}

std::string_view part_of(
    settings::hash_source const& what,
    http::request_head const& head,
    http::target_view const& target,
    std::string_view client_text) noexcept {
    using enum settings::hash_part;
    switch (what.part) {
        case path: return target.normalised_path;
        case header: return field_of(head, what.name);
        case cookie: return cookie_of(head, what.name);
        case query: return parameter_of(target.query, what.name);
        case client_address: return client_text;
    }
    return {};
}

choice_key key_of(
    settings::balance const& how,
    http::request_head const& head,
    http::target_view const& target,
    http::address16 const& client) noexcept {
    choice_key key;
    if (how.method == settings::balance_method::sticky_cookie) {
        std::string_view const value = cookie_of(head, how.cookie);
        if (value.size() != identity_digits) return key;
        char const* const end = value.data() + value.size();
        auto const [stop, error] = std::from_chars(value.data(), end, key.sticky, 16);
        if (error != std::errc{} || stop != end) key.sticky = 0;
    } else if (how.method == settings::balance_method::hash) {
        std::string_view const part = part_of(how.hash_on, head, target, {});
        key.hash = part.empty() ? hash_of_address(client) : upstream::hash_of(part);
    }
    return key;
}

std::string_view sticky_field(
    settings::balance const& how,
    std::uint64_t identity,
    std::array<char, sticky_field_max>& out) noexcept {
    char* at = out.data();
    auto const append = [&](std::string_view text) {
        at = std::copy(text.begin(), text.end(), at);
    };
    append(how.cookie);  // at most 64 bytes
    append("=");
    for (std::size_t i = 0; i < identity_digits; ++i) {
        *at++ = "0123456789abcdef"[(identity >> (60 - 4 * i)) & 15];
    }
    append("; Path=/; HttpOnly; SameSite=Lax");
    if (how.cookie_secure) append("; Secure");
    if (how.cookie_max_age.count() != 0) {
        append("; Max-Age=");
        at = std::to_chars(at, out.data() + out.size(), how.cookie_max_age.count() / 1'000).ptr;
    }
    return {out.data(), static_cast<std::size_t>(at - out.data())};
}

}  // namespace gateway::proxy

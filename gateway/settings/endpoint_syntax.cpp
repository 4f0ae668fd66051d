// SPDX-License-Identifier: Apache-2.0
#include "settings/endpoint_syntax.hpp"

#include "settings/dictionary.hpp"

#include <charconv>

namespace gateway::settings {
namespace {

constexpr dictionary<probe_kind, 2> probe_kinds{
    {{"http", probe_kind::http}, {"tcp", probe_kind::tcp}}};

constexpr dictionary<balance_method, 5> methods{
    {{"two_choices", balance_method::two_choices},
     {"round_robin", balance_method::round_robin},
     {"least_requests", balance_method::least_requests},
     {"hash", balance_method::hash},
     {"sticky_cookie", balance_method::sticky_cookie}}};

constexpr dictionary<hash_part, 5> hash_parts{
    {{"client_address", hash_part::client_address},
     {"path", hash_part::path},
     {"header", hash_part::header},
     {"cookie", hash_part::cookie},
     {"query", hash_part::query}}};

bool is_named(hash_part part) {
    return part != hash_part::client_address && part != hash_part::path;
}

std::optional<std::uint16_t> parse_status(std::string_view text) {
    std::uint16_t status = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    bool const whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || status < 100 || status > 599) return std::nullopt;
    return status;
}

}  // namespace

std::optional<probe_kind> probe_kind_name::parse(std::string_view text, refusal& why) {
    return look_up(text, probe_kinds, why);
}

std::string probe_kind_name::text(probe_kind const& what) { return word_for(what, probe_kinds); }

std::optional<balance_method> balance_method_name::parse(std::string_view text, refusal& why) {
    return look_up(text, methods, why);
}

std::string balance_method_name::text(balance_method const& what) {
    return word_for(what, methods);
}

std::optional<hash_source> hash_key::parse(std::string_view text, refusal& why) {
    std::size_t const colon = text.find(':');
    std::string_view const word = text.substr(0, colon);
    std::optional<hash_part> const part = look_up(word, hash_parts, why);
    if (!part) return std::nullopt;
    std::string_view const name = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
    if (is_named(*part) && name.empty()) {
        why.expected = "a name behind " + std::string{word} + ":";
        why.hint = "as in " + std::string{word} + ":user";
        return std::nullopt;
    }
    if (!is_named(*part) && colon != text.npos) {
        why.expected = std::string{word} + " without a name";
        return std::nullopt;
    }
    if (name.size() > 128 || name.find_first_of(" \t;,=\"&#") != name.npos) return std::nullopt;
    return hash_source{*part, std::string{name}};
}

std::string hash_key::text(hash_source const& what) {
    return word_for(what.part, hash_parts) + (what.name.empty() ? "" : ":" + what.name);
}

std::optional<status_range> statuses::parse(std::string_view text, refusal& why) {
    if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && same_word(text.substr(1), "xx")) {
        auto const first = static_cast<std::uint16_t>((text[0] - '0') * 100);
        return status_range{first, static_cast<std::uint16_t>(first + 99)};
    }
    std::size_t const dash = text.find('-');
    std::optional<std::uint16_t> const first = parse_status(text.substr(0, dash));
    if (!first) return std::nullopt;
    if (dash == text.npos) return status_range{*first, *first};
    std::optional<std::uint16_t> const last = parse_status(text.substr(dash + 1));
    if (!last) return std::nullopt;
    if (*last < *first) {
        why.expected = "a range whose end is not before its begin";
        return std::nullopt;
    }
    return status_range{*first, *last};
}

std::string statuses::text(status_range const& what) {
    std::string const first = std::to_string(what.first);
    return what.first == what.last ? first : first + "-" + std::to_string(what.last);
}

std::optional<std::string> own_zone::parse(std::string_view text, refusal& why) {
    // Empty is what a variable with an empty default becomes.
    if (text.empty() || same_word(text, "auto")) return std::string{};
    return label::parse(text, why);
}

// Fewer characters than RFC 6265 4.1.1 allows: those that nothing on the way takes amiss.
std::optional<std::string> cookie_name::parse(std::string_view text, refusal& why) {
    return upstream_name::parse(text, why);
}

}  // namespace gateway::settings

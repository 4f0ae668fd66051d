// SPDX-License-Identifier: Apache-2.0
#include "settings/tracing_syntax.hpp"

#include "settings/dictionary.hpp"

#include <algorithm>

namespace gateway::settings {
namespace {

constexpr dictionary<tracing_mode, 3> modes{
    {{"off", tracing_mode::off},
     {"propagate", tracing_mode::propagate},
     {"export", tracing_mode::export_spans}}};

constexpr std::uint32_t digits_max = 6;  // of a share, behind the point

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "12.5" times 10 to the sixth; nothing for what is no plain number or has more places than that.
std::optional<std::uint64_t> millionths(std::string_view text) {
    std::size_t const point = text.find('.');
    std::string_view const whole = text.substr(0, point);
    std::string_view const places =
        point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    bool const point_only = point != std::string_view::npos && places.empty();
    if (whole.empty() || whole.size() > 3 || places.size() > digits_max || point_only) {
        return std::nullopt;
    }
    std::string digits{whole};
    digits.append(places).append(digits_max - places.size(), '0');
    if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
    return std::stoull(digits);
}

}  // namespace

std::optional<tracing_mode> tracing_mode_name::parse(std::string_view text, refusal& why) {
    return look_up(text, modes, why);
}

std::string tracing_mode_name::text(tracing_mode const& what) { return word_for(what, modes); }

std::optional<std::uint32_t> share::parse(std::string_view text, refusal& why) {
    bool const percent = !text.empty() && text.back() == '%';
    if (percent) text.remove_suffix(1);
    std::optional<std::uint64_t> value = millionths(text);
    if (value && percent) value = *value / 100;
    if (value && *value <= tracing::whole) return static_cast<std::uint32_t>(*value);
    if (value && !percent && *value <= 100ULL * tracing::whole) {
        why.hint = "did you mean " + in_quotes(std::string{text} + '%') + "?";
    }
    return std::nullopt;
}

std::string share::text(std::uint32_t const& what) {
    std::string places = std::to_string(what % tracing::whole);
    places.insert(0, digits_max - places.size(), '0');
    while (!places.empty() && places.back() == '0') places.pop_back();
    std::string const whole = std::to_string(what / tracing::whole);
    return places.empty() ? whole : whole + '.' + places;
}

std::optional<std::string> collector_url::parse(std::string_view text, refusal& why) {
    constexpr std::string_view scheme = "http://";
    if (text.starts_with("https://")) {
        why.expected = "an http:// address";
        why.hint = "traces go to a collector beside the gateway, which may send them on under TLS";
        return std::nullopt;
    }
    bool const visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    std::string_view const rest = text.starts_with(scheme) ? text.substr(scheme.size()) : "";
    std::string_view const authority = rest.substr(0, rest.find('/'));
    bool const marks = authority.find_first_of("@?#") != std::string_view::npos;
    if (authority.empty() || authority.front() == ':' || authority.back() == ':' || marks ||
        !visible || text.size() > 1'024) {
        return std::nullopt;
    }
    if (rest.size() == authority.size()) {
        why.expected = "an address with a path";
        why.hint = "did you mean " + in_quotes(std::string{text} + "/v1/traces") + "?";
        return std::nullopt;
    }
    return std::string{text};
}

std::optional<std::string> attribute_name::parse(std::string_view text, refusal&) {
    bool const fits =
        !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
            return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                   c == '-' || c == '_';
        });
    if (!fits) return std::nullopt;
    return std::string{text};
}

}  // namespace gateway::settings

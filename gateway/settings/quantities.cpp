// SPDX-License-Identifier: Apache-2.0
// Syntaxes that count something or choose one of a few words.
#include "settings/dictionary.hpp"
#include "settings/problem.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

namespace gateway::settings {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};

// Smallest first. The text of a value uses the largest unit that divides it.
constexpr std::array duration_units{
    unit{"ms", 1}, unit{"s", 1'000}, unit{"m", 60'000}, unit{"h", 3'600'000}};
constexpr std::array size_units{
    unit{"", 1}, unit{"KiB", 1_KiB}, unit{"MiB", 1_MiB}, unit{"GiB", 1_GiB}};

struct quantity {
    std::uint64_t number;
    std::string_view rest;
};

// Digits and what follows them. Too large a number becomes the largest, which bounds then refuse
// with the right words.
std::optional<quantity> split(std::string_view text) {
    quantity out{0, {}};
    char const* const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, out.number);
    if (error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range)
        out.number = std::numeric_limits<std::uint64_t>::max();
    out.rest = text.substr(static_cast<std::size_t>(stop - text.data()));
    return out;
}

std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b, std::uint64_t max) {
    return b != 0 && a > max / b ? max : a * b;
}

template <std::size_t Count>
std::string in_largest_unit(std::uint64_t number, std::array<unit, Count> const& units) {
    unit best = units.front();
    for (unit const& candidate : units) {
        if (number != 0 && number % candidate.factor == 0) best = candidate;
    }
    return std::to_string(number / best.factor) + std::string{best.name};
}

// "1.5s" by the next smaller unit: "1500ms".
template <std::size_t Count>
std::string whole_hint(std::string_view text, std::array<unit, Count> const& units) {
    std::size_t const point = text.find('.');
    if (point == text.npos || point == 0 || point > 6) return {};
    std::size_t const end = text.find_first_not_of("0123456789", point + 1);
    if (end == text.npos || end == point + 1 || end - point > 4) return {};
    for (std::size_t i = 1; i < Count; ++i) {
        if (text.substr(end) != units[i].name) continue;
        double const value = std::stod(std::string{text.substr(0, end)});
        double const smaller =
            value * static_cast<double>(units[i].factor) / static_cast<double>(units[i - 1].factor);
        auto const whole = static_cast<std::uint64_t>(smaller);
        if (static_cast<double>(whole) != smaller) return {};
        return "write it whole: " + std::to_string(whole) + std::string{units[i - 1].name};
    }
    return {};
}

// "5 s" and "5sec".
template <std::size_t Count>
std::string unit_hint(
    quantity const& read, std::string_view text, std::array<unit, Count> const& units) {
    std::string_view rest = read.rest;
    std::string const number{text.substr(0, text.size() - rest.size())};
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    std::string_view best;
    for (unit const& one : units) {
        bool const begins = !one.name.empty() && rest.substr(0, one.name.size()) == one.name;
        if (begins && one.name.size() > best.size()) best = one.name;
    }
    return best.empty() ? std::string{} : "did you mean \"" + number + std::string{best} + "\"?";
}

constexpr dictionary<bool, 6> flags{
    {{"true", true}, {"false", false}, {"on", true}, {"off", false}, {"yes", true}, {"no", false}}};

constexpr dictionary<log_level, 5> levels{
    {{"trace", log_level::trace},
     {"debug", log_level::debug},
     {"info", log_level::info},
     {"warn", log_level::warn},
     {"error", log_level::error}}};

constexpr dictionary<access_log_mode, 4> access_modes{
    {{"json", access_log_mode::json},
     {"logfmt", access_log_mode::logfmt},
     {"combined", access_log_mode::combined},
     {"off", access_log_mode::off}}};

constexpr dictionary<dns_family, 4> families{
    {{"auto", dns_family::automatic},
     {"ipv4", dns_family::ipv4},
     {"ipv6", dns_family::ipv6},
     {"both", dns_family::both}}};

constexpr dictionary<log_field, log_field_count> log_fields{
    {{"time", log_field::time},
     {"request_id", log_field::request_id},
     {"client", log_field::client},
     {"method", log_field::method},
     {"host", log_field::host},
     {"path", log_field::path},
     {"status", log_field::status},
     {"bytes_in", log_field::bytes_in},
     {"bytes_out", log_field::bytes_out},
     {"duration", log_field::duration},
     {"upstream", log_field::upstream},
     {"endpoint", log_field::endpoint},
     {"upstream_status", log_field::upstream_status},
     {"upstream_duration", log_field::upstream_duration},
     {"attempts", log_field::attempts},
     {"reused", log_field::reused},
     {"parked", log_field::parked},
     {"retry", log_field::retry},
     {"route", log_field::route},
     {"protocol", log_field::protocol},
     {"user_agent", log_field::user_agent},
     {"referer", log_field::referer},
     {"cause", log_field::cause},
     {"cluster", log_field::cluster},
     {"service", log_field::service},
     {"task", log_field::task},
     {"zone", log_field::zone},
     {"connection_age", log_field::connection_age},
     {"connection_uses", log_field::connection_uses},
     {"connection_idle", log_field::connection_idle},
     {"trace_id", log_field::trace_id},
     {"span_id", log_field::span_id}}};

constexpr dictionary<encoded_slash_mode, 2> encoded_slash_modes{
    {{"pass", encoded_slash_mode::pass}, {"refuse", encoded_slash_mode::refuse}}};

}  // namespace

std::optional<milliseconds> duration::parse(std::string_view text, refusal& why) {
    std::optional<quantity> const read = split(text);
    if (!read) return std::nullopt;
    constexpr auto max = static_cast<std::uint64_t>(milliseconds::max().count());
    for (unit const& one : duration_units) {
        if (read->rest != one.name) continue;
        return milliseconds{saturating_product(read->number, one.factor, max)};
    }
    if (read->rest.empty() && read->number == 0) return milliseconds{0};
    if (read->rest.empty()) why.hint = "did you mean \"" + std::string{text} + "s\"?";
    if (why.hint.empty()) why.hint = whole_hint(text, duration_units);
    if (why.hint.empty()) why.hint = unit_hint(*read, text, duration_units);
    return std::nullopt;
}

std::string duration::text(milliseconds const& what) {
    return what == milliseconds{0} ? "0" : in_largest_unit(measure(what), duration_units);
}

std::optional<byte_count> size::parse(std::string_view text, refusal& why) {
    std::optional<quantity> const read = split(text);
    if (!read) return std::nullopt;
    for (unit const& one : size_units) {
        if (read->rest != one.name) continue;
        return saturating_product(read->number, one.factor, std::numeric_limits<byte_count>::max());
    }
    // "64K", "64kb" and "64kib" are meant well, but 1000 and 1024 are both in use for them.
    for (unit const& one : size_units) {
        if (one.name.empty() || read->rest.empty()) continue;
        std::string const letter{one.name.substr(0, 1)};
        bool const meant = same_word(read->rest, letter) || same_word(read->rest, letter + "B") ||
                           same_word(read->rest, one.name);
        if (!meant) continue;
        std::string const number{text.substr(0, text.size() - read->rest.size())};
        why.hint = "did you mean \"" + number + std::string{one.name} + "\"?";
    }
    if (why.hint.empty()) why.hint = whole_hint(text, size_units);
    return std::nullopt;
}

std::string size::text(byte_count const& what) { return in_largest_unit(what, size_units); }

std::optional<std::uint32_t> count::parse(std::string_view text, refusal&) {
    std::optional<quantity> const read = split(text);
    if (!read || !read->rest.empty()) return std::nullopt;
    constexpr std::uint64_t max = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::min(read->number, max));
}

std::string count::text(std::uint32_t const& what) { return std::to_string(what); }

std::optional<std::uint32_t> thread_count::parse(std::string_view text, refusal& why) {
    if (text == "auto") return 0;
    std::optional<std::uint32_t> const read = count::parse(text, why);
    if (!read) why.hint = did_you_mean(text, {"auto"});
    return read;
}

std::string thread_count::text(std::uint32_t const& what) {
    return what == 0 ? "auto" : std::to_string(what);
}

std::optional<milliseconds> heartbeat_time::parse(std::string_view text, refusal& why) {
    if (text == "auto") return automatic_heartbeat;
    if (text == "off") return no_heartbeat;
    std::optional<milliseconds> const read = duration::parse(text, why);
    if (read && *read > no_heartbeat) return read;
    why.hint = did_you_mean(text, {"auto", "off"});
    why.expected = expected;
    return std::nullopt;
}

std::string heartbeat_time::text(milliseconds const& what) {
    if (what == automatic_heartbeat) return "auto";
    return what == no_heartbeat ? "off" : duration::text(what);
}

std::optional<bool> flag::parse(std::string_view text, refusal& why) {
    if (text == "1" || text == "0") {
        why.hint = text == "1" ? "did you mean \"true\"?" : "did you mean \"false\"?";
        return std::nullopt;
    }
    return look_up(text, flags, why);
}

std::string flag::text(bool const& what) { return word_for(what, flags); }

std::optional<log_level> level_name::parse(std::string_view text, refusal& why) {
    return look_up(text, levels, why);
}

std::string level_name::text(log_level const& what) { return word_for(what, levels); }

std::optional<encoded_slash_mode> encoded_slash_name::parse(std::string_view text, refusal& why) {
    return look_up(text, encoded_slash_modes, why);
}

std::string encoded_slash_name::text(encoded_slash_mode const& what) {
    return word_for(what, encoded_slash_modes);
}

std::optional<dns_family> family_name::parse(std::string_view text, refusal& why) {
    return look_up(text, families, why);
}

std::string family_name::text(dns_family const& what) { return word_for(what, families); }

std::optional<access_log_mode> access_mode_name::parse(std::string_view text, refusal& why) {
    return look_up(text, access_modes, why);
}

std::string access_mode_name::text(access_log_mode const& what) {
    return word_for(what, access_modes);
}

std::optional<log_field> log_field_name::parse(std::string_view text, refusal& why) {
    return look_up(text, log_fields, why);
}

std::string log_field_name::text(log_field const& what) { return word_for(what, log_fields); }

}  // namespace gateway::settings

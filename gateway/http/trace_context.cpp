// SPDX-License-Identifier: Apache-2.0
#include "http/trace_context.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <cstring>

namespace gateway::http {
namespace {

// HEXDIGLC, W3C 3.2.2: upper case is malformed.
bool is_hex_digit(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_hex(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), is_hex_digit);
}

// An identifier of zeros alone is none (3.2.2.3, 3.2.2.4).
bool is_id(std::string_view text) noexcept {
    return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

// As X-Ray's own SDKs read them, whatever the case; kept in lower case.
template <std::size_t Size>
bool take_id(std::string_view text, std::array<char, Size>& out) noexcept {
    if (text.size() != Size) return false;
    std::transform(text.begin(), text.end(), out.begin(), ascii::lower);
    return is_id({out.data(), out.size()});
}

bool take_root(std::string_view text, trace_id& out) noexcept {
    constexpr std::size_t time_size = 8;
    constexpr std::size_t root_size = 2 + time_size + 1 + 24;
    if (text.size() != root_size || !text.starts_with("1-") || text[2 + time_size] != '-') {
        return false;
    }
    std::array<char, trace_id_size> digits;
    std::memcpy(digits.data(), text.data() + 2, time_size);
    std::memcpy(digits.data() + time_size, text.data() + 2 + time_size + 1, 24);
    return take_id({digits.data(), digits.size()}, out);
}

bool has_name(std::string_view part, std::string_view name) noexcept {
    return part.size() > name.size() && part[name.size()] == '=' &&
           ascii::equal_ignoring_case(part.substr(0, name.size()), name);
}

bool is_key_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || ascii::is_digit(c) || c == '_' || c == '-' || c == '*' ||
           c == '/' || c == '@';
}

// chr of 3.3.1.3.2 without the comma, which has ended the member already.
bool is_value_char(char c) noexcept { return c >= ' ' && c <= '~' && c != '='; }

}  // namespace

bool parse_traceparent(std::string_view text, trace_origin& out) noexcept {
    // version "-" trace-id "-" parent-id "-" trace-flags
    if (text.size() < traceparent_size || text[2] != '-' || text[35] != '-' || text[52] != '-') {
        return false;
    }
    std::string_view const version = text.substr(0, 2);
    std::string_view const flags = text.substr(53, 2);
    if (!is_hex(version) || version == "ff" || !is_hex(flags)) return false;
    // A later version may say more behind these; the first one may not (3.2.2, 3.2.4).
    if (text.size() > traceparent_size && (version == "00" || text[55] != '-')) return false;
    std::string_view const trace = text.substr(3, trace_id_size);
    std::string_view const parent = text.substr(36, span_id_size);
    if (!is_id(trace) || !is_id(parent)) return false;
    std::memcpy(out.trace.data(), trace.data(), trace_id_size);
    std::memcpy(out.parent.data(), parent.data(), span_id_size);
    out.has_parent = true;
    bool const sampled = (ascii::hex_value(flags[1]) & 1) != 0;
    out.decision = sampled ? sampling::recorded : sampling::dropped;
    return true;
}

std::array<char, traceparent_size> print_traceparent(
    trace_id const& trace, span_id const& parent, bool sampled) noexcept {
    std::array<char, traceparent_size> out;
    std::memcpy(out.data(), "00-", 3);
    std::memcpy(out.data() + 3, trace.data(), trace_id_size);
    out[35] = '-';
    std::memcpy(out.data() + 36, parent.data(), span_id_size);
    std::memcpy(out.data() + 52, sampled ? "-01" : "-00", 3);
    return out;
}

bool parse_amzn_trace_id(std::string_view text, trace_origin& out) noexcept {
    bool rooted = false;
    out.has_parent = false;
    out.decision = sampling::undecided;
    std::string_view part;
    while (next_amzn_part(text, part)) {
        std::string_view const value = part.substr(std::min(part.find('=') + 1, part.size()));
        if (has_name(part, "Root")) {
            rooted = take_root(value, out.trace);
        } else if (has_name(part, "Parent")) {
            out.has_parent = take_id(value, out.parent);
        } else if (has_name(part, "Sampled")) {
            // "?" asks whoever comes next to decide.
            out.decision = value == "1"   ? sampling::recorded
                           : value == "0" ? sampling::dropped
                                          : sampling::undecided;
        }
    }
    return rooted;
}

bool next_amzn_part(std::string_view& list, std::string_view& part) noexcept {
    while (!list.empty()) {
        std::size_t const end = list.find(';');
        part = ascii::trim(list.substr(0, end));
        list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
        if (!part.empty()) return true;
    }
    return false;
}

bool is_own_amzn_part(std::string_view part) noexcept {
    return has_name(part, "Root") || has_name(part, "Parent") || has_name(part, "Sampled");
}

bool next_tracestate_member(std::string_view& list, std::string_view& member) noexcept {
    while (!list.empty()) {
        std::size_t const end = list.find(',');
        member = ascii::trim(list.substr(0, end));
        list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
        if (!member.empty()) return true;
    }
    return false;
}

bool is_tracestate_member(std::string_view member) noexcept {
    constexpr std::size_t part_max = 256;
    std::size_t const equals = member.find('=');
    if (equals == std::string_view::npos) return false;
    std::string_view const key = member.substr(0, equals);
    std::string_view const value = member.substr(equals + 1);
    if (key.empty() || key.size() > part_max || value.empty() || value.size() > part_max) {
        return false;
    }
    bool const begins = (key[0] >= 'a' && key[0] <= 'z') || ascii::is_digit(key[0]);
    return begins && std::all_of(key.begin(), key.end(), is_key_char) &&
           std::all_of(value.begin(), value.end(), is_value_char);
}

}  // namespace gateway::http

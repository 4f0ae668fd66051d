// SPDX-License-Identifier: Apache-2.0
#include "harness/plain_message.hpp"

#include <algorithm>

namespace gateway::fuzz {
namespace {

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_name(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        char const l = lowered(c);
        return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

bool is_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view spaces = " \t";
    auto const begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

// The next line without its CRLF; false when its end has not come.
bool take_line(std::string_view& bytes, std::string_view& line) {
    auto const end = bytes.find("\r\n");
    if (end == std::string_view::npos) return false;
    line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    return true;
}

std::uint64_t number(std::string_view digits, unsigned base) {
    GATEWAY_CHECK(!digits.empty() && digits.size() <= 19);
    std::uint64_t value = 0;
    for (char const c : digits) {
        char const l = lowered(c);
        bool const letter = l >= 'a' && l <= 'f';
        GATEWAY_CHECK((c >= '0' && c <= '9') || (base == 16 && letter));
        value = value * base + static_cast<std::uint64_t>(letter ? l - 'a' + 10 : c - '0');
    }
    return value;
}

plain_framing framing_of(plain_head const& head, plain_kind otherwise) {
    unsigned const lengths = head.count("Content-Length");
    unsigned const codings = head.count("Transfer-Encoding");
    GATEWAY_CHECK(lengths + codings <= 1);
    if (lengths == 1) return {plain_kind::length, number(head.value("Content-Length"), 10)};
    if (codings == 0) return {otherwise, 0};
    GATEWAY_CHECK(head.value("Transfer-Encoding") == "chunked");
    return {plain_kind::chunked, 0};
}

// Trailer fields and the empty line behind them.
bool read_trailers(std::string_view& rest) {
    std::string_view line;
    while (take_line(rest, line)) {
        if (line.empty()) return true;
        auto const colon = line.find(':');
        GATEWAY_CHECK(colon != std::string_view::npos);
        GATEWAY_CHECK(is_name(line.substr(0, colon)) && is_text(line.substr(colon + 1)));
    }
    return false;
}

bool read_chunks(std::string_view& bytes, std::string& payload) {
    std::string_view rest = bytes;
    std::string_view line;
    while (take_line(rest, line)) {
        std::uint64_t const size = number(line, 16);
        if (size == 0) {
            if (!read_trailers(rest)) return false;
            bytes = rest;
            return true;
        }
        payload += rest.substr(0, size);
        if (rest.size() < size) return false;
        rest.remove_prefix(size);
        std::string_view const end = rest.substr(0, 2);
        GATEWAY_CHECK(end == std::string_view{"\r\n"}.substr(0, end.size()));
        if (end.size() < 2) return false;
        rest.remove_prefix(2);
    }
    return false;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return lowered(x) == lowered(y);
    });
}

unsigned plain_head::count(std::string_view name) const {
    return static_cast<unsigned>(std::count_if(
        fields.begin(), fields.end(), [&](auto const& f) { return same_name(f.first, name); }));
}

std::string plain_head::value(std::string_view name) const {
    for (auto const& [each, value] : fields) {
        if (same_name(each, name)) return value;
    }
    return {};
}

std::string plain_head::word(int index) const {
    std::size_t begin = 0;
    for (; index > 0; --index) {
        auto const space = first_line.find(' ', begin);
        if (space == std::string::npos) return {};
        begin = space + 1;
    }
    return first_line.substr(begin, first_line.find(' ', begin) - begin);
}

bool read_head(std::string_view& bytes, plain_head& out) {
    auto const end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    std::string_view text = bytes.substr(0, end + 2);
    bytes.remove_prefix(end + 4);
    std::string_view line;
    GATEWAY_CHECK(take_line(text, line));
    GATEWAY_CHECK(is_text(line) && !line.empty());
    out.first_line = line;
    out.fields.clear();
    while (take_line(text, line)) {
        auto const colon = line.find(':');
        GATEWAY_CHECK(colon != std::string_view::npos);
        GATEWAY_CHECK(is_name(line.substr(0, colon)));
        std::string_view const value = trimmed(line.substr(colon + 1));
        GATEWAY_CHECK(is_text(value));
        out.fields.emplace_back(line.substr(0, colon), value);
    }
    GATEWAY_CHECK(text.empty());
    return true;
}

bool read_body(std::string_view& bytes, plain_framing const& framing, std::string& payload) {
    switch (framing.kind) {
        case plain_kind::none: return true;
        case plain_kind::chunked: return read_chunks(bytes, payload);
        case plain_kind::until_close:
            payload += bytes;
            bytes = {};
            return false;
        case plain_kind::length: break;
    }
    std::string_view const body = bytes.substr(0, framing.length);
    payload += body;
    if (body.size() < framing.length) return false;
    bytes.remove_prefix(body.size());
    return true;
}

plain_framing request_framing(plain_head const& head) { return framing_of(head, plain_kind::none); }

plain_framing response_framing(plain_head const& head, bool to_head) {
    plain_framing const framing = framing_of(head, plain_kind::until_close);
    std::string const status = head.word(1);
    GATEWAY_CHECK(status.size() == 3);
    if (status[0] == '1' || status == "204") {
        GATEWAY_CHECK(head.count("Content-Length") + head.count("Transfer-Encoding") == 0);
        return {};
    }
    return to_head || status == "304" ? plain_framing{} : framing;
}

}  // namespace gateway::fuzz

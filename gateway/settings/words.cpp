// SPDX-License-Identifier: Apache-2.0
// Syntaxes for text that becomes part of messages: names, paths, methods and header fields.
#include "settings/problem.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <array>

namespace gateway::settings {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// RFC 9110 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
    });
}

std::string in_capitals(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

std::optional<std::string> taken_if(bool fits, std::string_view text) {
    return fits ? std::optional{std::string{text}} : std::nullopt;
}

struct kept_field {
    std::string_view name;  // In capitals.
    std::string_view why;
};

constexpr std::string_view frames = "it says where a message ends";
constexpr std::string_view hop = "it belongs to one connection (RFC 9110 7.6.1)";

constexpr std::array kept_fields{
    kept_field{"HOST", "set \"host\" of the upstream instead"},
    kept_field{"CONTENT-LENGTH", frames},
    kept_field{"TRANSFER-ENCODING", frames},
    kept_field{"TRAILER", frames},
    kept_field{"CONNECTION", hop},
    kept_field{"KEEP-ALIVE", hop},
    kept_field{"PROXY-CONNECTION", hop},
    kept_field{"TE", hop},
    kept_field{"UPGRADE", hop},
};

}  // namespace

std::optional<std::string> upstream_name::parse(std::string_view text, refusal&) {
    bool const fits =
        !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
            return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
        });
    return taken_if(fits, text);
}

std::optional<std::string> label::parse(std::string_view text, refusal&) {
    bool const fits =
        !text.empty() && text.size() <= 128 && std::none_of(text.begin(), text.end(), is_control);
    return taken_if(fits, text);
}

std::optional<std::string> parameter_name::parse(std::string_view text, refusal&) {
    bool const visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return taken_if(!text.empty() && text.size() <= 64 && visible, text);
}

std::optional<std::string> file_path::parse(std::string_view text, refusal&) {
    bool const fits =
        text.empty() || (text.size() > 1 && text.size() < 4'096 && text.front() == '/' &&
                         text.back() != '/' && std::none_of(text.begin(), text.end(), is_control));
    return taken_if(fits, text);
}

std::optional<std::string> pem_file::parse(std::string_view text, refusal& why) {
    if (text.find("-----BEGIN ") != std::string_view::npos) {
        why.hint = "write the text into a file and its path here";
        return std::nullopt;
    }
    constexpr std::size_t path_bytes_max = 4095;  // PATH_MAX without its NUL
    bool const fits = !text.empty() && text.size() <= path_bytes_max &&
                      std::none_of(text.begin(), text.end(), is_control);
    return taken_if(fits, text);
}

std::optional<std::string> url_path::parse(std::string_view text, refusal& why) {
    if (text.empty() || text.front() != '/') {
        bool const relative = !text.empty() && (is_letter(text.front()) || is_digit(text.front()));
        bool const url = text.find("://") != std::string_view::npos;
        if (relative && !url) why.hint = "did you mean " + in_quotes('/' + std::string{text}) + "?";
        return std::nullopt;
    }
    if (text.find_first_of("?#*") != std::string_view::npos) {
        why.expected = "a path without ?, # or *";
        if (text.find('*') != text.npos) {
            why.hint = "there are no patterns: a prefix takes all that begins with it";
        } else if (text.find('?') != text.npos) {
            why.hint = "a route does not look at the query";
        }
        return std::nullopt;
    }
    bool const visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!visible) {
        why.expected = "a path of visible ASCII characters, others percent-encoded";
        return std::nullopt;
    }
    // Requests are matched by their normalised path, in which no such segment is left.
    std::string const closed = std::string{text} + '/';
    for (std::string_view const segment : {"//", "/./", "/../"}) {
        bool const final_slash = segment == "//" && closed.find(segment) == text.size() - 1;
        if (closed.find(segment) == std::string::npos || final_slash) continue;
        why.expected = "a path without empty, \".\" or \"..\" segments";
        return std::nullopt;
    }
    return std::string{text};
}

std::optional<std::string> method::parse(std::string_view text, refusal& why) {
    bool const capitals =
        std::none_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!is_token(text)) return std::nullopt;
    if (!capitals) {
        why.hint = "did you mean " + in_quotes(in_capitals(text)) + "?";
        return std::nullopt;
    }
    if (text == "CONNECT") {
        why.expected = "a method other than CONNECT";
        why.hint =
            "the gateway makes no tunnel to a host that a client names; upgrades such as "
            "WebSocket need no method of their own";
        return std::nullopt;
    }
    return taken_if(text.size() <= 32, text);
}

std::optional<std::string> field_name::parse(std::string_view text, refusal& why) {
    if (!is_token(text) || text.size() > 128) return std::nullopt;
    // "Content_Length" as well: behind CGI or WSGI it is the same variable.
    std::string capitals = in_capitals(text);
    std::replace_if(
        capitals.begin(), capitals.end(), [](char c) { return !is_letter(c) && !is_digit(c); },
        '-');
    for (kept_field const& kept : kept_fields) {
        if (kept.name != capitals) continue;
        why.expected = "a header that may be edited";
        why.hint = kept.why;
        return std::nullopt;
    }
    return std::string{text};
}

// RFC 9110 5.5: visible characters, blanks between them, and bytes from 0x80 for others.
std::optional<std::string> field_value::parse(std::string_view text, refusal&) {
    bool const plain =
        std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
    auto const blank = [](char c) { return c == ' ' || c == '\t'; };
    bool const trimmed = text.empty() || (!blank(text.front()) && !blank(text.back()));
    return taken_if(plain && trimmed && text.size() <= 8_KiB, text);
}

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
#include "demo/message.hpp"

#include "base/ascii.hpp"
#include "http/date.hpp"
#include "http/error_reply.hpp"

#include <algorithm>
#include <array>

namespace gateway::demo {
namespace {

bool is_unreserved(char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string date_text(std::int64_t seconds) {
    std::array<char, http::date_size> text{};
    http::write_date(seconds, text);
    return {text.data(), text.size()};
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

using text_pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<text_pair, 24> media_types{{
    {"html", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"log", "text/plain; charset=utf-8"},
    {"json", "application/json"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"xml", "application/xml"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"mp4", "video/mp4"},
    {"mp3", "audio/mpeg"},
    {"woff2", "font/woff2"},
}};

}  // namespace

std::string_view request::path() const noexcept { return target.substr(0, target.find('?')); }

std::string_view request::query() const noexcept {
    auto const mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

std::string_view request::find(std::string_view name) const noexcept {
    for (auto const& [key, value] : fields) {
        if (ascii::equal_ignoring_case(key, name)) return value;
    }
    return {};
}

response& response::set(std::string_view name, std::string_view value) {
    fields.emplace_back(name, value);
    return *this;
}

body_framing framing_of(request const& to, unsigned status, std::optional<std::uint64_t> length) {
    // These end with their head and say nothing of a length (RFC 9112 6.3 rule 1, RFC 9110 8.6).
    if (status < 200 || status == 204 || status == 304) return {};
    body_framing framing;
    framing.muted = to.method == "HEAD";
    if (length) {
        framing.end = body_end::length;
        framing.length = *length;
    } else {
        // HTTP/1.0 does not know chunks (RFC 9112 7.1).
        framing.end = to.minor_version == 0 ? body_end::close : body_end::chunked;
    }
    return framing;
}

std::string head_text(response const& answer, body_framing framing, head_context const& context) {
    std::string out = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
    out.append(http::reason_phrase(answer.status)).append("\r\n");
    if (answer.status >= 200) {
        add_line(out, "Date", date_text(context.now));
        add_line(out, "Server", context.server);
    }
    for (auto const& [name, value] : answer.fields) add_line(out, name, value);
    if (framing.end == body_end::length) {
        add_line(out, "Content-Length", std::to_string(framing.length));
    } else if (framing.end == body_end::chunked) {
        add_line(out, "Transfer-Encoding", "chunked");
    }
    if (answer.status >= 200) {
        if (!context.keep_alive) {
            add_line(out, "Connection", "close");
        } else if (context.minor_version == 0) {
            add_line(out, "Connection", "keep-alive");
        }
    }
    return out += "\r\n";
}

bool lists_token(std::string_view list, std::string_view token) noexcept {
    std::string_view element;
    while (ascii::next_element(list, element)) {
        if (ascii::equal_ignoring_case(element, token)) return true;
    }
    return false;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto const escape = text[at] == '%' && at + 2 < text.size();
        auto const high = escape ? ascii::hex_value(text[at + 1]) : -1;
        auto const low = escape ? ascii::hex_value(text[at + 2]) : -1;
        if (high >= 0 && low >= 0) {
            out += static_cast<char>(high * 16 + low);
            at += 2;
        } else {
            out += text[at];
        }
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        if (is_unreserved(c)) {
            out += c;
        } else {
            auto const byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 0xfU];
        }
    }
    return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        auto const pair = query.substr(0, end);
        auto const equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) == name) {
            return percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return std::nullopt;
}

std::string_view media_type_of(std::string_view name) noexcept {
    auto const dot = name.rfind('.');
    if (dot != std::string_view::npos) {
        auto const extension = name.substr(dot + 1);
        for (auto const& [key, type] : media_types) {
            if (ascii::equal_ignoring_case(key, extension)) return type;
        }
    }
    return "application/octet-stream";
}

}  // namespace gateway::demo

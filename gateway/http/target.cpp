// SPDX-License-Identifier: Apache-2.0
#include "http/target.hpp"

#include "base/ascii.hpp"
#include "http/host.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <cstring>

namespace gateway::http {
namespace {

bool is_unreserved(char c) noexcept {
    return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_encoded(char const* p, char const* end, std::string_view two_digits) noexcept {
    return end - p >= 3 && p[0] == '%' && std::string_view{p + 1, 2} == two_digits;
}

// Writes the normal form of a path. The path is also read by servers behind us that may decode
// more, merge less or know path parameters; where their reading would climb elsewhere than ours,
// the path is refused rather than routed by a guess.
class path_normaliser {
public:
    explicit path_normaliser(char* out) noexcept : begin_{out}, at_{out} {}

    bool put(std::string_view path) noexcept {
        for (std::size_t i = 0; i < path.size(); ++i) {
            char const c = path[i];
            if (c == '/') {
                if (!end_segment()) return false;
                begin_segment();
            } else if (c == '%') {
                if (path.size() - i < 3 || !put_encoded(path[i + 1], path[i + 2])) return false;
                i += 2;
            } else {
                if (!ascii::is(c, ascii::path_bit)) return false;
                if (c == ';' && is_dot_segment()) return false;
                put_plain(c);
            }
        }
        return end_segment();
    }
    std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

private:
    bool is_dot_segment() const noexcept { return only_dots_ && (dots_ == 1 || dots_ == 2); }

    void begin_segment() noexcept {
        dots_ = 0;
        only_dots_ = true;
        disguised_ = false;
        if (at_ == begin_ || at_[-1] != '/') {
            *at_++ = '/';
        } else {
            merged_ |= !after_dots_;
        }
        after_dots_ = false;
    }

    void put_plain(char c) noexcept {
        if (c == '.') {
            ++dots_;
        } else {
            only_dots_ = false;
        }
        *at_++ = c;
    }

    bool put_encoded(char high, char low) noexcept {
        int const h = ascii::hex_value(high);
        int const l = ascii::hex_value(low);
        auto const byte = static_cast<char>(h << 4 | l);
        if (h < 0 || l < 0 || byte == '\0') return false;
        if (is_unreserved(byte)) {
            disguised_ |= byte == '.';
            put_plain(byte);
            return true;
        }
        bool const separator = byte == '/' || byte == '\\';
        if ((separator || byte == ';') && is_dot_segment()) return false;
        // Dots right after an encoded separator make a dot segment for whoever decodes it.
        dots_ = 0;
        only_dots_ = separator;
        disguised_ |= separator;
        constexpr std::string_view digits = "0123456789ABCDEF";
        *at_++ = '%';
        *at_++ = digits[static_cast<std::size_t>(h)];
        *at_++ = digits[static_cast<std::size_t>(l)];
        return true;
    }

    // At a "/" or the path's end: resolves a dot segment (RFC 3986 5.2.4).
    bool end_segment() noexcept {
        if (!is_dot_segment()) return true;
        if (disguised_) return false;
        at_ -= dots_;
        after_dots_ = true;
        return dots_ == 1 || drop_segment();
    }

    // Takes back the last whole segment, of which "/" is the end. Refuses to climb above the root,
    // past merged slashes, and over a segment that others may see as none or as several.
    bool drop_segment() noexcept {
        if (at_ - begin_ < 2 || merged_) return false;
        char const* const end = --at_;
        while (at_[-1] != '/') --at_;
        if (*at_ == ';' || is_encoded(at_, end, "3B")) return false;
        for (char const* p = at_; p != end; ++p) {
            if (is_encoded(p, end, "2F") || is_encoded(p, end, "5C")) return false;
        }
        return true;
    }

    char* begin_;
    char* at_;
    int dots_ = 0;             // of the segment so far; more than two make a name
    bool only_dots_ = true;    // since the segment's begin or its last encoded separator
    bool disguised_ = false;   // the segment has an encoded dot or separator
    bool merged_ = false;      // the path had an empty segment
    bool after_dots_ = false;  // the "/" that ends a dot segment is no empty one
};

void split_query(std::string_view text, target_view& out) noexcept {
    auto const mark = text.find('?');
    out.has_query = mark != std::string_view::npos;
    out.path = text.substr(0, mark);
    out.query = out.has_query ? text.substr(mark + 1) : std::string_view{};
    out.path_and_query = text;
}

// "http://host/path": what stands after the scheme, or nothing.
std::string_view after_scheme(std::string_view target) noexcept {
    for (std::string_view const scheme : {"http://", "https://"}) {
        if (ascii::equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
            return target.substr(scheme.size());
        }
    }
    return {};
}

cause parse_absolute(std::string_view target, std::span<char> scratch, target_view& out) noexcept {
    auto const rest = after_scheme(target);
    auto const end = std::min(rest.find_first_of("/?"), rest.size());
    authority_view ignored;
    out.form = target_form::absolute;
    out.authority = rest.substr(0, end);
    if (!parse_authority(out.authority, ignored)) return cause::malformed_target;
    split_query(rest.substr(end), out);
    if (!out.path.empty()) return cause::none;
    // RFC 9112 3.2.1: what goes upstream has at least "/" for a path.
    out.path = "/";
    if (!out.has_query) {
        out.path_and_query = out.path;
        return cause::none;
    }
    if (scratch.size() <= out.path_and_query.size()) return cause::target_too_long;
    scratch[0] = '/';
    std::memcpy(scratch.data() + 1, out.path_and_query.data(), out.path_and_query.size());
    out.path_and_query = {scratch.data(), out.path_and_query.size() + 1};
    return cause::none;
}

cause parse_connect(std::string_view target, target_view& out) noexcept {
    authority_view authority;
    out.form = target_form::authority;
    out.authority = target;
    bool const fine = parse_authority(target, authority) && authority.port != 0;
    return fine ? cause::none : cause::malformed_target;
}

bool has_encoded_separator(std::string_view path) noexcept {
    return path.find("%2F") != std::string_view::npos || path.find("%5C") != std::string_view::npos;
}

}  // namespace

normal_form normalise_path(
    std::string_view path, std::span<char> scratch, std::size_t& size) noexcept {
    char const* const end = path.data() + path.size();
    if (scan::skip_normal_path(path.data(), end) == end) return normal_form::same;
    if (scratch.size() < path.size()) return normal_form::no_room;
    path_normaliser normaliser{scratch.data()};
    if (!normaliser.put(path)) return normal_form::refused;
    size = normaliser.size();
    return normal_form::rewritten;
}

std::string_view decode_separators(std::string_view path, std::span<char> out) noexcept {
    char* at = out.data();
    for (std::size_t i = 0; i < path.size(); ++i) {
        char const* const p = path.data() + i;
        char const* const end = path.data() + path.size();
        bool const encoded = is_encoded(p, end, "2F") || is_encoded(p, end, "5C");
        char const c = encoded ? '/' : *p;
        if (encoded) i += 2;
        if (c != '/' || at == out.data() || at[-1] != '/') *at++ = c;
    }
    return {out.data(), static_cast<std::size_t>(at - out.data())};
}

cause parse_target(
    request_head const& request, std::span<char> scratch, target_view& out) noexcept {
    auto const target = request.target();
    out = {};
    if (request.method_id == method::connect) return parse_connect(target, out);
    if (target == "*") {
        out.form = target_form::asterisk;
        out.path = out.path_and_query = out.normalised_path = target;
        return request.method_id == method::options ? cause::none : cause::malformed_target;
    }
    if (target.starts_with('/')) {
        split_query(target, out);
    } else if (auto const why = parse_absolute(target, scratch, out); why != cause::none) {
        return why;
    }
    if (request.method_id == method::options && out.form == target_form::absolute &&
        out.path_and_query == "/" && !target.ends_with('/')) {
        out.form = target_form::asterisk;
        return cause::none;
    }
    std::size_t size = 0;
    switch (normalise_path(out.path, scratch, size)) {
        case normal_form::same: out.normalised_path = out.path; return cause::none;
        case normal_form::no_room: return cause::target_too_long;
        case normal_form::refused: return cause::malformed_target;
        case normal_form::rewritten: break;
    }
    out.normalised_path = {scratch.data(), size};
    out.encoded_separator = has_encoded_separator(out.normalised_path);
    return cause::none;
}

}  // namespace gateway::http

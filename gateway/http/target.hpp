// SPDX-License-Identifier: Apache-2.0
// Request targets (RFC 9112 3.2) and the normal form of their path that routes match on
// (RFC 3986 6.2.2). The original bytes travel on; the normal form only decides where to.
//
// Accepted bytes are those of RFC 3986 and, beyond it, exactly those that the URL standard of
// browsers leaves unencoded: "[", "]", "|" in a path, and in a query also "\", "^", "`", "{", "}".
// A query's percent signs are not looked at, because browsers pass a lone "%" on.
#pragma once

#include "base/error.hpp"
#include "http/head.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace gateway::http {

// `asterisk` is also what OPTIONS with an absolute target without a path means (RFC 9112 3.2.4).
enum class target_form : std::uint8_t { origin, absolute, authority, asterisk };

struct target_view {
    target_form form = target_form::origin;
    bool encoded_separator = false;    // the path holds %2F or %5C, which stay encoded
    std::string_view authority;        // of absolute and authority form; it wins over Host
    std::string_view path;             // as sent; "/" when an absolute form has none, "*" for that
    std::string_view query;            // as sent, without its "?"
    std::string_view path_and_query;   // as sent, what goes upstream; begins with "/"
    std::string_view normalised_path;  // views `path` or the scratch buffer
    bool has_query = false;            // "/a?" has an empty one
};

// malformed_target, or target_too_long when `scratch` is smaller than a path that needs it (the
// target's size always suffices). The form must fit the method: "*" is for OPTIONS, authority form
// for CONNECT and nothing else for it.
cause parse_target(request_head const&, std::span<char> scratch, target_view& out) noexcept;

enum class normal_form : std::uint8_t { same, rewritten, refused, no_room };

// Dot segments resolved, slashes merged, percent-encodings of unreserved characters decoded and
// the others put in upper case. `path` begins with "/". Refused: malformed percent-encodings,
// %00, bytes a path cannot hold, dot segments that are encoded or reach above the root, and those
// that a server could resolve elsewhere than we do: beside %2F, %5C or ";", or behind "//".
// `scratch` needs room for path.size() unless the path is normal; `size` is what was written there.
normal_form normalise_path(
    std::string_view path, std::span<char> scratch, std::size_t& size) noexcept;

// How a server that decodes separators reads a normalised path: "/" for %2F and %5C, no empty
// segments. (Dot segments beside them were refused.) `out` needs room for path.size().
std::string_view decode_separators(std::string_view path, std::span<char> out) noexcept;

}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// The one table of settings: a row for every key. The loader accepts, reads, bounds and corrects by
// it, and the reference page is printed from it. A default stands in none of its rows: the member's
// initialiser in settings.hpp is the only place, and the page shows what it finds there.
#pragma once

#include "settings/node.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gateway::settings {

class reader;
struct row;

// The struct whose members a row fills: that of the item for rows below a "[]" or a "*", else the
// snapshot.
using owner = std::variant<snapshot*, listener*, upstream*, route*, endpoint*, request_test*>;

enum class shape : std::uint8_t { value, list, map, section };  // A section holds other keys.

// How a row's value is written, read into its member and written back. Made by the templates of
// binding.hpp.
struct binding {
    settings::shape shape;
    std::string_view type;  // Of the value, or of the items of a list or map.
    std::string_view expected;
    void (*read)(reader& in, row const& self, node const& value, owner into);
    std::string (*default_text)(owner default_constructed);
    std::string (*bound_text)(std::uint64_t bound);  // Of a list or map, bounds count its items.
    // The items of a list (without names) or map, as they would be written. Null where the items
    // have keys of their own.
    using written = std::vector<std::pair<std::string, std::string>>;
    written (*items)(owner from) = nullptr;
};

// Milliseconds, bytes, a number, or a number of items, by the row's type.
struct bounds {
    std::uint64_t min = 0;
    std::uint64_t max = 0;  // 0: no bounds

    bool hold(std::uint64_t n) const noexcept { return max == 0 || (n >= min && n <= max); }
};

enum class reload : std::uint8_t { live, restart };  // What a change of the value takes.
enum class need : std::uint8_t { optional, required };
enum class secrecy : std::uint8_t {
    open,
    secret
};  // A secret is never shown, not even when wrong.

struct row {
    std::string_view path;  // "[]" stands for an item of a list, "*" for a name of the operator's.
    binding value;
    bounds within;
    reload change;
    std::string_view sentence;
    need presence = need::optional;
    secrecy shown = secrecy::open;
};

// A section before its keys, in the order of the reference page.
std::span<row const> rows();

row const* find_row(std::string_view path);

// The keys a section may hold; its path is empty at the root.
std::vector<std::string_view> keys_of(std::string_view section);

// Markdown, the text of config/reference.md.
std::string reference_page();

}  // namespace gateway::settings

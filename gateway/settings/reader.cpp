// SPDX-License-Identifier: Apache-2.0
#include "settings/reader.hpp"

#include <algorithm>
#include <utility>

namespace gateway::settings {
namespace {

std::string_view last_step(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string joined(std::string_view section, std::string_view key) {
    return section.empty() ? std::string{key} : std::string{section} + '.' + std::string{key};
}

// Where an unknown key would be known: a slip of indentation more often than of spelling.
std::string other_section_hint(std::string_view section, std::string_view key) {
    std::string homes;
    for (row const& one : rows()) {
        std::size_t const dot = one.path.rfind('.');
        std::string_view const home = dot == std::string_view::npos ? "" : one.path.substr(0, dot);
        if (last_step(one.path) != key || home == section) continue;
        if (!homes.empty()) homes += " or ";
        homes += home.empty() ? "the top level" : in_quotes(home);
    }
    return homes.empty() ? homes : "it belongs under " + homes;
}

bool has_item_bounds(row const& self) {
    return self.value.shape == shape::list || self.value.shape == shape::map;
}

bool fits(reader& in, row const& self, node const& value, node_kind wanted) {
    if (value.refused) return false;
    bool const list = wanted == node_kind::list;
    if (value.kind != wanted) {
        std::string const hint = list && value.kind == node_kind::scalar && !value.text.empty()
                                     ? "write it in brackets: [" + value.written + "]"
                                     : "";
        in.refuse(value, shown(value, self.shown), expected_of(self), hint);
        return false;
    }
    if (has_item_bounds(self) && !self.within.hold(value.items.size())) {
        in.refuse(
            value, std::to_string(value.items.size()) + " items",
            "from " + self.value.bound_text(self.within.min) + " to " +
                self.value.bound_text(self.within.max) + " items");
        return false;
    }
    return true;
}

bool same_but_for_case(std::string_view a, std::string_view b) {
    auto const lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) {
        return lower(x) == lower(y);
    });
}

}  // namespace

reader::step::step(reader& of, std::string_view name) : of_(of), length_before_(of.path_.size()) {
    bool const is_index = !name.empty() && name.front() == '[';
    if (!of.path_.empty() && !is_index) of.path_ += '.';
    of.path_ += name.substr(0, 64);
}

void reader::read_section(std::string_view section, node const& map, owner into) {
    if (map.refused || map.kind == node_kind::nothing) {
        // "timeouts:" with all its keys commented out.
    } else if (map.kind != node_kind::map) {
        refuse(
            map, shown(map), "a map with keys such as " + std::string{keys_of(section).front()},
            section_hint(section, map));
        return;
    }
    std::vector<std::string_view> meant;
    for (std::size_t i = 0; i < map.keys.size(); ++i) {
        meant.push_back(read_key(section, map.keys[i], map.items[i], into));
    }
    for (row const& one : rows()) {
        std::string_view const key = last_step(one.path);
        bool const ours = one.path == joined(section, key);
        if (!ours || one.presence != need::required || find(map, key)) continue;
        // Where it is misspelt, one complaint is enough.
        if (std::find(meant.begin(), meant.end(), key) != meant.end()) continue;
        refuse(map, "no " + in_quotes(key), "that key with " + expected_of(one));
    }
}

// What was meant by a scalar in the place of a map.
std::string reader::section_hint(std::string_view section, node const& value) const {
    if (value.kind != node_kind::scalar) return {};
    std::vector<std::string_view> const keys = keys_of(section);
    std::string_view const text = value.written;
    std::string_view const word = text.substr(0, text.find(':'));
    if (word.size() < text.size() && std::find(keys.begin(), keys.end(), word) != keys.end()) {
        return "write a blank behind " + in_quotes(std::string{word} + ':');
    }
    row const* const first = find_row(joined(section, keys.front()));
    bool const brackets = first->value.shape == shape::list;
    if (first->presence != need::required && keys.size() != 1) return {};
    return "write { " + std::string{keys.front()} + ": " + (brackets ? "[" : "") +
           std::string{text.substr(0, 64)} + (brackets ? "] }" : " }");
}

std::string_view reader::read_key(
    std::string_view section, node const& key, node const& value, owner into) {
    row const* const known = find_row(joined(section, key.written));
    if (known) {
        step const here{*this, key.written};
        known->value.read(*this, *known, value, into);
        return {};
    }
    std::vector<std::string_view> const keys = keys_of(section);
    std::string hint;
    if (key.written == "<<") {
        refuse(
            key, in_quotes(key.written), listed(keys),
            "merge keys are not supported; an alias may stand for a whole value: key: *name");
        return keys.front();
    }
    // Looking for what was meant takes time, and a file may hold very many keys.
    if (!problems_.full()) hint = other_section_hint(section, key.written);
    if (hint.empty() && !problems_.full()) hint = did_you_mean(key.written, keys);
    refuse(key, in_quotes(key.written), listed(keys), std::move(hint));
    return problems_.full() ? std::string_view{} : nearest(key.written, keys);
}

void reader::refuse(
    node const& at, std::string found_text, std::string expected, std::string hint) {
    if (at.refused) return;
    problems_.add(
        {.line = at.line,
         .column = at.column,
         .found = std::move(found_text),
         .expected = std::move(expected),
         .hint = std::move(hint),
         .key = path_});
}

std::string expected_of(row const& one) {
    std::string const expected{one.value.expected};
    if (one.value.shape == shape::list) return "a list, each item " + expected;
    if (one.value.shape == shape::map) return "a map of names, each to " + expected;
    return expected;
}

std::string shown(node const& value, secrecy how) {
    switch (value.kind) {
        case node_kind::nothing: return "nothing";
        case node_kind::list: return "a list";
        case node_kind::map: return "a map";
        case node_kind::scalar: break;
    }
    bool const expanded = value.text != value.written;
    if (how == secrecy::secret)
        return expanded ? in_quotes(value.written) : "a value not shown here";
    if (!expanded) return in_quotes(value.text);
    return in_quotes(value.text) + " (from " + in_quotes(value.written) + ")";
}

bool fits_list(reader& in, row const& self, node const& value) {
    return fits(in, self, value, node_kind::list);
}

bool fits_map(reader& in, row const& self, node const& value) {
    return fits(in, self, value, node_kind::map);
}

bool is_repeated_name(reader& in, node const& map, std::size_t index) {
    std::string const& name = map.keys[index].written;
    for (std::size_t i = 0; i < index; ++i) {
        std::string const& earlier = map.keys[i].written;
        // The same spelling twice was refused with all other repeated keys.
        if (earlier == name || !same_but_for_case(earlier, name)) continue;
        in.refuse(
            map.keys[index], in_quotes(name), "each header name once",
            "it differs from " + in_quotes(earlier) + " only in case");
        return true;
    }
    return false;
}

}  // namespace gateway::settings

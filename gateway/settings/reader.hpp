// SPDX-License-Identifier: Apache-2.0
// Reads a tree of nodes into a snapshot by the rows of the schema. Nothing stops it: whatever is
// wrong is noted with its place, left at its default, and reading goes on.
#pragma once

#include "settings/node.hpp"
#include "settings/problem.hpp"
#include "settings/schema.hpp"
#include "settings/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gateway::settings {

// Where the items of the snapshot's lists stand in the file: entry i belongs to item i. Borrows
// from the tree.
struct places {
    node const* root = nullptr;
    std::vector<node const*> listeners;
    std::vector<node const*> upstreams;
    std::vector<node const*> routes;
    std::vector<node const*> tests;
};

class reader {
public:
    explicit reader(problem_list& problems) : problems_(problems) {}

    // The keys of one section, e.g. "routes[].limits", into the struct that its rows fill.
    void read_section(std::string_view section, node const& map, owner into);

    // Notes a problem at the node. Says nothing about nodes that were refused before.
    void refuse(node const& at, std::string found, std::string expected, std::string hint = {});

    // While it lives, problems are reported below this step of the path, e.g. "[2]" or "prefix".
    class step {
    public:
        step(reader& of, std::string_view name);
        ~step() { of_.path_.resize(length_before_); }
        step(step const&) = delete;
        step& operator=(step const&) = delete;

    private:
        reader& of_;
        std::size_t length_before_;
    };

    places found;

private:
    // Returns the key that was meant where an unknown one stands, as far as that can be guessed.
    std::string_view read_key(
        std::string_view section, node const& key, node const& value, owner into);
    std::string section_hint(std::string_view section, node const& value) const;

    problem_list& problems_;
    std::string path_;
};

// What stands there, for `problem::found`.
std::string shown(node const& value, secrecy how = secrecy::open);

// What the whole value of the row looks like, for `problem::expected`.
std::string expected_of(row const& one);

// Whether it is a list (a map) of as many items as the row allows; notes the problem otherwise.
bool fits_list(reader& in, row const& self, node const& value);
bool fits_map(reader& in, row const& self, node const& value);

// Header names differ in more than case (RFC 9110 5.1); notes the problem otherwise.
bool is_repeated_name(reader& in, node const& map, std::size_t index);

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
// The configuration file as a tree, before anything is known of its meaning. Free of the format
// library, which only settings/load.cpp knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::settings {

enum class node_kind : std::uint8_t { nothing, scalar, list, map };

struct node {
    node_kind kind = node_kind::nothing;
    int line = 1;  // Both from 1.
    int column = 1;
    bool refused = false;     // Its problem is reported already; whoever reads it passes it over.
    std::string written;      // A scalar as it stands in the file.
    std::string text;         // The same with environment variables expanded.
    std::vector<node> items;  // Items of a list, or values of a map.
    std::vector<node> keys;   // Of a map only: keys[i] names items[i]. Each is a scalar.
};

// The value of that key, or null.
inline node const* find(node const& map, std::string_view key) {
    for (std::size_t i = 0; i < map.keys.size(); ++i) {
        if (map.keys[i].written == key) return &map.items[i];
    }
    return nullptr;
}

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
#include "net/shallow_json.hpp"

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <sstream>
#include <string>

namespace gateway::net {
namespace {

constexpr unsigned depth_max = 64;

// Brackets within strings do not nest.
bool is_shallow(std::string_view text) noexcept {
    unsigned depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '"') quoted = !quoted;
        if (quoted) {
            if (c == '\\') ++i;
        } else if (c == '[' || c == '{') {
            if (++depth > depth_max) return false;
        } else if (c == ']' || c == '}') {
            if (depth-- == 0) return false;
        }
    }
    return true;
}

}  // namespace

std::optional<boost::property_tree::ptree> read_shallow_json(std::string_view text) {
    if (!is_shallow(text)) return std::nullopt;
    try {
        std::istringstream in{std::string{text}};
        boost::property_tree::ptree tree;
        boost::property_tree::read_json(in, tree);
        return tree;
    } catch (boost::property_tree::ptree_error const&) {
        return std::nullopt;
    }
}

}  // namespace gateway::net

// SPDX-License-Identifier: Apache-2.0
// Where in the file a key stands, for messages about a configuration that is well-formed.
#pragma once

#include "settings/load.hpp"

#include <string>

namespace gateway::app {

// The place of the key, or else of the nearest key around it; line 0 when there is none.
inline settings::key_place place_of(settings::key_places const& all, std::string key) {
    while (!key.empty()) {
        if (auto const found = all.find(key); found != all.end()) return found->second;
        std::size_t const end = key.find_last_of(".[");
        key.erase(end == key.npos ? 0 : end);
    }
    return {};
}

// "gateway.yaml:12:7", or the file alone.
inline std::string place_text(std::string const& file, settings::key_place const& at) {
    if (at.line == 0) return file;
    return file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
}

inline std::string route_key(std::size_t i) { return "routes[" + std::to_string(i) + ']'; }

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// From a configuration file to a snapshot of settings, or to everything that is wrong with it.
#pragma once

#include "settings/expand.hpp"
#include "settings/problem.hpp"
#include "settings/settings.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::settings {

// Beyond these a file is refused, so that no file can hold up or exhaust the process.
inline constexpr std::size_t file_bytes_max = 1 << 20;
inline constexpr std::size_t depth_max = 32;
// The file with all aliases and variables replaced by what they stand for, and 64 bytes a value.
inline constexpr std::size_t unfolded_bytes_max = 16 << 20;

// The text of config/gateway.yaml, compiled in.
extern std::string_view const default_text;

// Where a key's value stands in the file, both from 1.
struct key_place {
    int line = 0;
    int column = 0;
};

// By path, as "routes[2].prefix" or "upstreams.app.tls.verify"; only of keys that are there.
using key_places = std::map<std::string, key_place, std::less<>>;

struct loaded {
    std::optional<snapshot> value;  // Present exactly when there are no problems.
    std::vector<problem> problems;  // All of them, in the order of the file.
    std::string file{};             // As problems name it.
    key_places places{};            // Of a configuration without problems.
};

// None of these throws. The environment is asked during the call only.
loaded load_text(std::string_view text, std::string file_name, environment const& variables);
loaded load_file(std::string const& path, environment const& variables);
loaded load_default(environment const& variables);

}  // namespace gateway::settings

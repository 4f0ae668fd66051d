// SPDX-License-Identifier: Apache-2.0
// What the rows of the schema are written with.
#pragma once

#include "settings/binding.hpp"

#include <cstdint>
#include <string>

namespace gateway::settings {

inline constexpr bounds unbounded{};

constexpr bounds between(milliseconds min, milliseconds max) {
    return {static_cast<std::uint64_t>(min.count()), static_cast<std::uint64_t>(max.count())};
}
constexpr bounds between(std::uint64_t min, std::uint64_t max) { return {min, max}; }

inline std::string no_default(owner) { return {}; }

// Below a "[]" or "*" the owner changes; below any other section it stays.
inline void read_subsection(reader& in, row const& self, node const& value, owner into) {
    in.read_section(self.path, value, into);
}

inline constexpr binding section{shape::section,   {},          "a map",
                                 &read_subsection, &no_default, nullptr};

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
// Finds the functions of a file and their lengths by counting braces. It knows enough C++ for
// files laid out by clang-format and nothing more: what it cannot tell it takes for no function.
#pragma once

#include "tidy/source_file.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace gateway::tidy {

inline constexpr std::size_t function_lines_max = 70;

struct function_extent {
    std::string name;
    std::size_t line;   // of the opening brace, from 1
    std::size_t lines;  // from the opening brace to the closing one, both counted
};

std::vector<function_extent> functions_of(source_file const& file);

}  // namespace gateway::tidy

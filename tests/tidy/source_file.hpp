// SPDX-License-Identifier: Apache-2.0
// A file of the repository as the tidy rules see it: its path from the root and its lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gateway::tidy {

struct source_file {
    std::string path;
    std::vector<std::string> lines;

    // "gateway/proxy/session.cpp" is in "gateway/" and in "gateway/proxy/".
    bool in(std::string_view folder) const { return path.compare(0, folder.size(), folder) == 0; }
    bool ends(std::string_view suffix) const;
    bool is_header() const { return ends(".hpp"); }
    bool is_cpp() const { return is_header() || ends(".cpp"); }
    // The room a file of gateway/ lives in; empty for the others.
    std::string_view room() const;
};

source_file make_file(std::string path, std::string_view text);

// The same file with comments, strings and characters blanked out, line by line, so that a rule
// about code does not fire on what is said about it. Raw strings are blanked as a whole.
source_file code_of(source_file const& file);

// Every text file that a commit would hold, in the order of the paths. Leaves out build trees,
// installed packages and whatever a contributor's tools keep in hidden folders.
std::vector<source_file> read_tree(std::string const& root);

}  // namespace gateway::tidy

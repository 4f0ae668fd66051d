// SPDX-License-Identifier: Apache-2.0
// The rules of the tree, each a pure function over one file. A finding reads "path:line what" and
// says what to do; an empty answer means the file keeps the rule. tree_test.cpp applies them to
// the repository, rules_test.cpp shows that each one fires.
#pragma once

#include "tidy/source_file.hpp"

#include <string>
#include <vector>

namespace gateway::tidy {

using findings = std::vector<std::string>;

// A room includes rooms of lower floors only; rooms of one floor do not know each other.
findings climbs_floors(source_file const& file);

// Each third-party library has one door, so that replacing it edits one place.
findings enters_by_another_door(source_file const& file);

// Words that a room must not contain: locks and shared ownership where each request passes, clock
// reads where time is an argument.
findings says_banned_words(source_file const& file);

findings is_too_long(source_file const& file);
findings is_too_wide(source_file const& file);
findings lacks_licence(source_file const& file);
findings lacks_include_guard(source_file const& file);

// Work left undone belongs to the issues, not into the files.
findings is_unfinished(source_file const& file);

// Folders of one machine and the hosts of package registries, which others do not have.
findings names_one_machine(source_file const& file);

// The library packages that packages.txt lists, and anything that installs, beside that file.
findings names_packages(source_file const& file, std::vector<std::string> const& packages);

// The package names of a packages.txt.
std::vector<std::string> packages_of(source_file const& list);

}  // namespace gateway::tidy

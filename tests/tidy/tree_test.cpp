// SPDX-License-Identifier: Apache-2.0
// The rules of rules.hpp, applied to the repository this was built from.
#include "tidy/functions.hpp"
#include "tidy/rules.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace gateway::tidy {
namespace {

// Functions longer than the limit, with their present length: they may shrink, never grow, and
// leave the list when they are short enough.
struct ratchet {
    std::string_view path;
    std::string_view function;
    std::size_t lines;
};
constexpr std::array<ratchet, 0> long_functions{};

std::vector<source_file> const& tree() {
    static auto const files = read_tree(GATEWAY_SOURCE_DIR);
    return files;
}

bool is_ours(source_file const& file) {
    return file.in("gateway/") || file.in("tests/") || file.in("bench/");
}

// All findings in one failure: the reader fixes them in one go.
template <class Rule>
void check_each(Rule const& rule) {
    std::string report;
    for (auto const& file : tree()) {
        for (auto const& finding : rule(file)) report += "\n" + finding;
    }
    INFO(report);
    CHECK(report.empty());
}

template <class Rule>
void check_ours(Rule const& rule) {
    check_each([&](source_file const& file) { return is_ours(file) ? rule(file) : findings{}; });
}

ratchet const* ratchet_of(std::string_view path, std::string_view function) {
    auto const found = std::find_if(
        long_functions.begin(), long_functions.end(),
        [&](ratchet const& one) { return one.path == path && one.function == function; });
    return found == long_functions.end() ? nullptr : &*found;
}

findings holds_long_functions(source_file const& file) {
    findings found;
    if (!file.is_cpp()) return found;
    for (auto const& [name, line, lines] : functions_of(file)) {
        auto const* known = ratchet_of(file.path, name);
        if (lines <= (known != nullptr ? known->lines : function_lines_max)) continue;
        found.push_back(
            file.path + ":" + std::to_string(line) + " " + name + " has " + std::to_string(lines) +
            " lines");
    }
    return found;
}

TEST_CASE("the tree that is read is the repository", "[tidy]") {
    auto const has = [](std::string_view path) {
        return std::any_of(
            tree().begin(), tree().end(), [&](auto const& file) { return file.path == path; });
    };
    CHECK(has("CMakeLists.txt"));
    CHECK(has(".ci/run"));
    CHECK(has("gateway/base/error.hpp"));
    CHECK(has("tests/tidy/tree_test.cpp"));
}

TEST_CASE("rooms include rooms of lower floors only", "[tidy]") { check_each(climbs_floors); }

TEST_CASE("each third-party library has one door", "[tidy]") { check_each(enters_by_another_door); }

TEST_CASE("no room says a word that is banned in it", "[tidy]") { check_each(says_banned_words); }

TEST_CASE("files stay short enough to read at one sitting", "[tidy]") { check_ours(is_too_long); }

TEST_CASE("lines fit into 100 columns", "[tidy]") { check_ours(is_too_wide); }

TEST_CASE("functions have at most 70 lines", "[tidy]") { check_ours(holds_long_functions); }

TEST_CASE("every C++ file opens with the licence", "[tidy]") { check_ours(lacks_licence); }

TEST_CASE("every header is included once", "[tidy]") { check_ours(lacks_include_guard); }

TEST_CASE("nothing is left undone in a file", "[tidy]") { check_each(is_unfinished); }

TEST_CASE("no file depends on one machine", "[tidy]") { check_each(names_one_machine); }

TEST_CASE("package names stand in deploy/packages.txt only", "[tidy]") {
    auto const list = std::find_if(tree().begin(), tree().end(), [](auto const& file) {
        return file.path == "deploy/packages.txt";
    });
    REQUIRE(list != tree().end());
    auto const packages = packages_of(*list);
    REQUIRE(packages.size() > 10);
    check_each([&](source_file const& file) { return names_packages(file, packages); });
}

// The words that open the lines of `path` matching `before`word`after`, in their order.
std::vector<std::string> words_after(
    std::string_view path, std::string_view before, std::string_view after) {
    auto const file = std::find_if(
        tree().begin(), tree().end(), [&](auto const& one) { return one.path == path; });
    REQUIRE(file != tree().end());
    std::vector<std::string> words;
    for (std::string const& line : file->lines) {
        auto const begin = line.find(before);
        if (begin == line.npos) continue;
        auto const word = begin + before.size();
        auto const end = line.find(after, word);
        if (end == line.npos || end == word) continue;
        words.push_back(line.substr(word, end - word));
    }
    return words;
}

TEST_CASE("the map names the phases of an exchange as the code does", "[tidy]") {
    auto const told = words_after("gateway/README.md", ". **", "** (`exchange");
    auto const coded = words_after("gateway/proxy/exchange.hpp", "//   ", " ");
    CHECK(
        told ==
        std::vector<std::string>{"receive", "route", "prepare", "attempt", "relay", "settle"});
    CHECK(coded == told);
}

TEST_CASE("the ratchet lists only functions that are still too long", "[tidy]") {
    for (auto const& [path, function, lines] : long_functions) {
        CAPTURE(path, function, lines);
        auto const file = std::find_if(
            tree().begin(), tree().end(), [&](auto const& one) { return one.path == path; });
        REQUIRE(file != tree().end());
        auto const found = functions_of(*file);
        CHECK(std::any_of(found.begin(), found.end(), [&](function_extent const& one) {
            return one.name == function && one.lines == lines && lines > function_lines_max;
        }));
    }
}

}  // namespace
}  // namespace gateway::tidy

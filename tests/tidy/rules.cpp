// SPDX-License-Identifier: Apache-2.0
#include "tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace gateway::tidy {
namespace {

// This file must not contain the very words it looks for: adjacent literals keep them apart.
constexpr std::array unfinished{
    "TO"
    "DO",
    "FIX"
    "ME"};
constexpr std::array machines{
    "/wo"
    "rk/",
    "/tmp/"
    "b-",
    "deb.deb"
    "ian.org",
    "registry.np"
    "mjs",
    "\"resol"
    "ved\": \"http"};

constexpr std::size_t lines_max = 400;
constexpr std::size_t columns_max = 100;

// architecture: the floors.
constexpr std::array<std::pair<std::string_view, int>, 13> floors{{
    {"base", 0},
    {"http", 1},
    {"settings", 1},
    {"routing", 2},
    {"upstream", 2},
    {"limits", 2},
    {"runtime", 2},
    {"observe", 2},
    {"net", 3},
    {"proxy", 4},
    {"admin", 5},
    {"demo", 5},
    {"app", 6},
}};

std::optional<int> floor_of(std::string_view room) {
    for (auto const& [name, floor] : floors) {
        if (name == room) return floor;
    }
    return std::nullopt;
}

struct door {
    std::string_view library;  // the begin of its headers' names
    std::vector<std::string_view> files;
};

std::vector<door> const& doors() {
    static std::vector<door> const all{
        {"yaml-cpp/", {"gateway/settings/"}},
        {"prometheus/", {"gateway/admin/metrics_page.cpp", "gateway/admin/metrics_builder.hpp"}},
        {"spdlog/", {"gateway/observe/log"}},
        {"ares.h", {"gateway/net/name_channel"}},
        {"CLI/", {"gateway/app/command_line.cpp"}},
        {"openssl/", {"gateway/net/"}},
        {"boost/asio",
         {"gateway/runtime/", "gateway/net/", "gateway/admin/", "gateway/demo/", "gateway/app/"}},
        {"boost/beast", {"gateway/admin/", "gateway/demo/", "gateway/net/beast_sources.cpp"}},
    };
    return all;
}

struct banned_word {
    std::string_view word;
    std::vector<std::string_view> folders;
    std::string_view reason;
};

std::vector<banned_word> const& banned_words() {
    static std::vector<std::string_view> const per_core{"gateway/proxy/", "gateway/upstream/"};
    static std::vector<std::string_view> const pure{
        "gateway/http/", "gateway/settings/", "gateway/routing/", "gateway/upstream/"};
    // Seen at run time: the frame's state was lost (compare GCC 107288).
    static char const* const miscompiled = "g++ 12.2 miscompiles it; name the result first";
    static std::vector<banned_word> const all{
        {"std::mutex", per_core, "nothing is shared between cores here"},
        {"shared_ptr", per_core, "the coroutine's frame owns; everything else borrows"},
        {"std::function", per_core, "it allocates; name the type or take a reference"},
        {"clock::now", pure, "time is an argument here"},
        {"prepare_payload", {"gateway/"}, "it decides the framing behind our back"},
        {"!co_await", {"gateway/"}, miscompiled},
        {"? co_await", {"gateway/"}, miscompiled},
        {"&& co_await", {"gateway/"}, miscompiled},
        {"|| co_await", {"gateway/"}, miscompiled},
    };
    return all;
}

std::string at(source_file const& file, std::size_t index) {
    return file.path + ":" + std::to_string(index + 1) + " ";
}

// What stands between the marks of `#include "x"` or `#include <x>`; empty for other lines.
std::string_view included(std::string_view line, char open, char close) {
    constexpr std::string_view directive = "#include ";
    if (line.substr(0, directive.size()) != directive) return {};
    line.remove_prefix(directive.size());
    if (line.empty() || line[0] != open) return {};
    line.remove_prefix(1);
    return line.substr(0, line.find(close));
}

bool in_any(source_file const& file, std::vector<std::string_view> const& places) {
    return std::any_of(places.begin(), places.end(), [&](auto place) { return file.in(place); });
}

template <class Words>
findings lines_with(source_file const& file, Words const& words, std::string_view verdict) {
    findings found;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        for (std::string_view const word : words) {
            if (file.lines[i].find(word) != std::string::npos) {
                found.push_back(at(file, i) + "says " + std::string{word} + std::string{verdict});
            }
        }
    }
    return found;
}

bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '+';
}

bool contains_word(std::string_view line, std::string_view word) {
    for (auto i = line.find(word); i != line.npos; i = line.find(word, i + 1)) {
        auto const end = i + word.size();
        auto const opens = i == 0 || !is_word_character(line[i - 1]);
        if (opens && (end == line.size() || !is_word_character(line[end]))) return true;
    }
    return false;
}

}  // namespace

findings climbs_floors(source_file const& file) {
    auto const room = file.room();
    if (room.empty()) return {};
    auto const here = floor_of(room);
    if (!here) return {file.path + " is in a room without a floor"};

    findings found;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        auto const target = included(file.lines[i], '"', '"');
        auto const other = target.substr(0, target.find('/'));
        auto const there = floor_of(other);
        if (target.empty() || other == room || (there && *there < *here)) continue;
        auto const floor = there ? std::to_string(*there) : "no floor";
        found.push_back(
            at(file, i).substr(std::string_view{"gateway/"}.size()) + "includes " +
            std::string{target} + " (" + std::to_string(*here) + " -> " + floor + ")");
    }
    return found;
}

findings enters_by_another_door(source_file const& file) {
    findings found;
    if (!file.in("gateway/")) return found;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        auto const header = included(file.lines[i], '<', '>');
        for (auto const& door : doors()) {
            auto const ours = header.substr(0, door.library.size()) == door.library;
            if (!ours || in_any(file, door.files)) continue;
            std::string allowed;
            for (auto const place : door.files) allowed += " " + std::string{place};
            found.push_back(
                at(file, i) + "includes " + std::string{header} +
                ", which only these may:" + allowed);
        }
    }
    return found;
}

findings says_banned_words(source_file const& file) {
    findings found;
    if (!file.is_cpp()) return found;
    auto const code = code_of(file);
    for (auto const& banned : banned_words()) {
        if (!in_any(file, banned.folders)) continue;
        auto const said =
            lines_with(code, std::array{banned.word}, ": " + std::string{banned.reason});
        found.insert(found.end(), said.begin(), said.end());
    }
    return found;
}

findings is_too_long(source_file const& file) {
    if (!file.is_cpp() || file.lines.size() <= lines_max) return {};
    return {
        file.path + " has " + std::to_string(file.lines.size()) + " lines; split it at " +
        "its second reason to change (at most " + std::to_string(lines_max) + ")"};
}

findings is_too_wide(source_file const& file) {
    findings found;
    if (!file.is_cpp()) return found;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        // Bytes 10xxxxxx continue a character of UTF-8.
        auto const columns = std::count_if(file.lines[i].begin(), file.lines[i].end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
        });
        if (static_cast<std::size_t>(columns) > columns_max) {
            found.push_back(at(file, i) + "has " + std::to_string(columns) + " columns");
        }
    }
    return found;
}

findings lacks_licence(source_file const& file) {
    constexpr std::string_view licence = "// SPDX-License-Identifier: Apache-2.0";
    if (!file.is_cpp() || (!file.lines.empty() && file.lines[0] == licence)) return {};
    return {file.path + ":1 must be " + std::string{licence}};
}

findings lacks_include_guard(source_file const& file) {
    auto const& lines = file.lines;
    if (!file.is_header()) return {};
    if (std::find(lines.begin(), lines.end(), "#pragma once") != lines.end()) return {};
    return {file.path + " has no #pragma once"};
}

findings is_unfinished(source_file const& file) {
    return lines_with(file, unfinished, ": finish it or file an issue");
}

findings names_one_machine(source_file const& file) {
    return lines_with(file, machines, ", which other machines do not have");
}

std::vector<std::string> packages_of(source_file const& list) {
    std::vector<std::string> packages;
    for (auto const& line : list.lines) {
        auto const end = std::min(line.find_first_of(" #"), line.size());
        if (end > 0 && line[0] != '[') packages.push_back(line.substr(0, end));
    }
    return packages;
}

findings names_packages(source_file const& file, std::vector<std::string> const& packages) {
    findings found;
    // Prose may tell a person what to type.
    if (file.path == "deploy/packages.txt" || file.ends(".md")) return found;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        auto const& line = file.lines[i];
        for (auto const& package : packages) {
            // Other names (git, curl, nginx) are those of the programs too.
            auto const library =
                package.compare(0, 3, "lib") == 0 || package.find("-dev") != std::string::npos;
            if (library && contains_word(line, package)) {
                found.push_back(at(file, i) + "names " + package + ", deploy/packages.txt's part");
            }
        }
        auto const installs = line.find(
                                  "apt-get "
                                  "install") != std::string::npos ||
                              line.find(
                                  "apt "
                                  "install") != std::string::npos;
        if (installs && file.path != "deploy/install-packages.sh") {
            found.push_back(at(file, i) + "installs; call deploy/install-packages.sh");
        }
    }
    return found;
}

}  // namespace gateway::tidy

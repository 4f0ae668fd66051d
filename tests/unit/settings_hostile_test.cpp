// SPDX-License-Identifier: Apache-2.0
// No file and no text can make the loader throw, crash, or eat the machine.
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace gateway::settings;

std::optional<std::string> one_large_variable(std::string_view name) {
    return name == "BIG" ? std::optional{std::string(100'000, 'z')} : std::nullopt;
}

std::string all_problems(loaded const& from) {
    std::string out;
    for (problem const& one : from.problems) out += to_text(one) + '\n';
    return out;
}

}  // namespace

TEST_CASE("files that cannot be read are one problem", "[unit][settings]") {
    auto const said = [](std::string const& path) {
        return all_problems(load_file(path, one_large_variable));
    };
    CHECK(
        said("/no/such/file.yaml") ==
        "/no/such/file.yaml: found No such file or directory, expected a configuration file that "
        "can be read\n");
    CHECK(said("/") == "/: found Is a directory, expected a configuration file that can be read\n");
    CHECK(
        said("/dev/zero") ==
        "/dev/zero: found more than 1 MiB, expected a configuration of at most 1 MiB\n");
    CHECK(
        said("/dev/null") ==
        "/dev/null:1:1: found an empty file, expected a map with keys such as upstreams and "
        "routes\n");
}

TEST_CASE("text that unfolds, nests or repeats without measure is refused", "[unit][settings]") {
    std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c < 'n'; ++c) {
        std::string const last(1, static_cast<char>(c - 1));
        laughs += std::string{c} + ": &" + c + " [";
        for (int i = 0; i < 9; ++i) laughs += "*" + last + ",";
        laughs += "]\n";
    }
    std::string chain = "a0: &a0 [x]\n";
    for (int i = 0; i < 20'000; ++i) {
        std::string const next = std::to_string(i + 1);
        chain += "a" + next + ": &a" + next + " [*a" + std::to_string(i) + "]\n";
    }
    std::string large_scalar = "a: &x \"" + std::string(200'000, 'y') + "\"\nb: [";
    for (int i = 0; i < 100'000; ++i) large_scalar += "*x,";
    std::string large_variable = "a: \"";
    for (int i = 0; i < 100'000; ++i) large_variable += "${BIG}";
    std::vector<std::string> const texts{
        laughs,
        chain,
        large_scalar + "]",
        large_variable + "\"",
        std::string(100'000, '['),
        "a: " + std::string(40, '[') + std::string(40, ']'),
        std::string(500'000, '{'),
        std::string((1 << 20) + 1, ' ')};
    for (std::string const& text : texts) {
        CAPTURE(text.substr(0, 40), text.size());
        loaded const result = load_text(text, "g.yaml", one_large_variable);
        CHECK_FALSE(result.value);
        CHECK_FALSE(result.problems.empty());
    }
}

TEST_CASE("a configuration cut at any byte is loaded or refused", "[unit][settings]") {
    for (std::size_t cut = 0; cut < default_text.size(); ++cut) {
        loaded const result = load_text(default_text.substr(0, cut), "g.yaml", one_large_variable);
        CAPTURE(cut);
        CHECK(result.value.has_value() == result.problems.empty());
    }
}

TEST_CASE("a configuration with any byte replaced is loaded or refused", "[unit][settings]") {
    constexpr std::string_view replacements = "\n:{[\"'&*!$-\t\x80";
    std::string text{default_text.substr(default_text.find("listeners:"))};
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const before = text[i];
        text[i] = replacements[i % replacements.size()];
        loaded const result = load_text(text, "g.yaml", one_large_variable);
        CAPTURE(i);
        CHECK(result.value.has_value() == result.problems.empty());
        text[i] = before;
    }
}

// SPDX-License-Identifier: Apache-2.0
// What is shown to readers works as it stands.
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace gateway::settings;

std::filesystem::path const config_folder = std::filesystem::path{GATEWAY_SOURCE_DIR} / "config";

std::string all_problems(loaded const& from) {
    std::string out;
    for (problem const& one : from.problems) out += to_text(one) + '\n';
    return out;
}

environment const one_token = [](std::string_view name) {
    return name == "API_TOKEN" ? std::optional<std::string>{"t"} : std::nullopt;
};

TEST_CASE("every example loads and uses what it is named for", "[unit][settings]") {
    int examples = 0;
    for (auto const& entry : std::filesystem::directory_iterator{config_folder / "examples"}) {
        CAPTURE(entry.path());
        CHECK(all_problems(load_file(entry.path().string(), one_token)).empty());
        ++examples;
    }
    CHECK(examples >= 5);
}

TEST_CASE("the settings in the documentation load", "[unit][settings]") {
    std::size_t blocks = 0;
    for (std::string const page : {"../README.md", "from-nginx.md"}) {
        CAPTURE(page);
        std::ifstream file{config_folder / page};
        REQUIRE(file.is_open());
        std::string block;
        bool inside = false;
        for (std::string line; std::getline(file, line);) {
            if (line != "```yaml" && !inside) continue;
            if (line == "```yaml") {
                inside = true;
                block.clear();
            } else if (line == "```") {
                inside = false;
                CHECK(all_problems(load_text(block, page, one_token)).empty());
                ++blocks;
            } else {
                block.append(line).append("\n");
            }
        }
    }
    CHECK(blocks >= 2);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// A corpus of configurations with a mistake, config/bad: the real binary says of each, with line
// and column, what stands beside it in NAME.txt. GATEWAY_WRITE_MESSAGES=1 writes those files anew;
// read what changed as its user would.
#include "support/gateway_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>

namespace gateway::support {
namespace {

namespace fs = std::filesystem;

fs::path corpus() { return fs::path{GATEWAY_SOURCE_DIR} / "tests/config/bad"; }

std::string content_of(fs::path const& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<fs::path> bad_files() {
    std::vector<fs::path> all;
    for (auto const& each : fs::directory_iterator{corpus()}) {
        if (each.path().extension() == ".yaml") all.push_back(each.path());
    }
    std::sort(all.begin(), all.end());
    return all;
}

// Without the folder, which differs from tree to tree.
std::string told_of(fs::path const& path, int& code) {
    auto const done = run_to_end({gateway_binary(), {"check", "-c", path.string()}, {}});
    code = done.exit_code;
    std::string text = done.err;
    std::string const folder = path.parent_path().string() + '/';
    for (auto at = text.find(folder); at != text.npos; at = text.find(folder)) {
        text.erase(at, folder.size());
    }
    return text;
}

}  // namespace

TEST_CASE("a hundred mistakes are each told with their place", "[wire][settings]") {
    bool const write = std::getenv("GATEWAY_WRITE_MESSAGES") != nullptr;
    auto const files = bad_files();
    CHECK(files.size() >= 100);
    for (auto const& file : files) {
        CAPTURE(file.filename().string());
        int code = 0;
        std::string const told = told_of(file, code);
        CHECK(code == 2);
        auto expected = file;
        expected.replace_extension(".txt");
        if (write) std::ofstream{expected} << told;
        CHECK(told == content_of(expected));
        // NAME.yaml:LINE:COLUMN: in front of every message.
        std::regex const placed{
            file.filename().string() + ":[1-9][0-9]*:[1-9][0-9]*: .+, expected .+"};
        std::istringstream lines{told};
        std::size_t count = 0;
        for (std::string line; std::getline(lines, line); ++count) {
            CAPTURE(line);
            CHECK(std::regex_match(line, placed));
        }
        CHECK(count > 0);
    }
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// The rules of HTTP are proven by tables: one row for each, with the bytes, the verdict and where
// the rule stands. Rows may be added; fewer would be a loss.
#include "tidy/source_file.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace gateway::tidy {

TEST_CASE("every rule of requests and responses has its row", "[tidy]") {
    constexpr std::array<std::string_view, 7> tables{
        "tests/unit/http_request_head_test.cpp",  // the request line and the fields
        "tests/unit/http_response_head_test.cpp", "tests/unit/http_framing_test.cpp",
        "tests/unit/http_chunked_test.cpp",       "tests/unit/http_host_test.cpp",
        "tests/unit/http_target_test.cpp",        "tests/unit/http_rules_test.cpp"};
    constexpr std::array<std::string_view, 4> beginnings{
        "{\"", "{get, \"", "{head, \"", "{connect, \""};
    int rows = 0;
    for (auto const& file : read_tree(GATEWAY_SOURCE_DIR)) {
        if (std::find(tables.begin(), tables.end(), file.path) == tables.end()) continue;
        for (std::string_view line : file.lines) {
            line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
            bool const row = std::any_of(
                beginnings.begin(), beginnings.end(),
                [&](std::string_view beginning) { return line.starts_with(beginning); });
            rows += row ? 1 : 0;
        }
    }
    INFO(rows);
    CHECK(rows >= 500);
}

}  // namespace gateway::tidy

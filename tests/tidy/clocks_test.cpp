// SPDX-License-Identifier: Apache-2.0
// A clock that is set forward or back must not end or lengthen a wait: the time of day is read only
// where it is written down.
#include "tidy/source_file.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace gateway::tidy {

TEST_CASE("the time of day is read only to be written down", "[tidy]") {
    constexpr std::array<std::string_view, 5> writers{
        "gateway/observe/", "gateway/proxy/shard.", "gateway/demo/", "gateway/admin/",
        "gateway/http/date."};
    constexpr std::array<std::string_view, 5> clocks{
        "system_clock", "CLOCK_REALTIME", "gettimeofday", "std::time(", "::time("};
    std::string report;
    bool seen = false;
    for (auto const& file : read_tree(GATEWAY_SOURCE_DIR)) {
        if (!file.in("gateway/") || !file.is_cpp()) continue;
        bool const writes = std::any_of(writers.begin(), writers.end(), [&](std::string_view one) {
            return file.path.starts_with(one);
        });
        for (std::string const& line : file.lines) {
            for (std::string_view const clock : clocks) {
                if (line.find(clock) == std::string::npos) continue;
                seen = true;
                if (!writes) report += "\n" + file.path + ": " + line;
            }
        }
    }
    INFO(report);
    CHECK(report.empty());
    CHECK(seen);
}

}  // namespace gateway::tidy

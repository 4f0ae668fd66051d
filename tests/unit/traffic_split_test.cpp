// SPDX-License-Identifier: Apache-2.0
#include "upstream/traffic_split.hpp"

#include "http/head_parser.hpp"
#include "proxy/balance_key.hpp"
#include "upstream/hash.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>

using namespace gateway;
using upstream::even_points;
using upstream::traffic_split;

namespace {

std::uint32_t even_hash(std::string const& text) {
    return static_cast<std::uint32_t>(upstream::hash_of(text) >> 32);
}

}  // namespace

TEST_CASE("requests without a key are shared out to within one or two", "[unit][split]") {
    traffic_split const split{{90, 10}};
    even_points points{GENERATE(0U, 12345U, 0xffffffffU)};
    for (int hundred = 0; hundred < 50; ++hundred) {
        int canary = 0;
        for (int i = 0; i < 100; ++i) canary += split.part_at(points.next()) == 1 ? 1 : 0;
        CHECK(std::abs(canary - 10) <= 2);
    }
}

TEST_CASE("keys are shared out by weight", "[unit][split]") {
    traffic_split const split{{1, 0, 3}};
    int counts[3]{};
    for (int i = 0; i < 20'000; ++i)
        ++counts[split.part_at(even_hash("user-" + std::to_string(i)))];
    CHECK(counts[1] == 0);
    CHECK(std::abs(counts[0] - 5'000) < 300);
}

TEST_CASE("a key stays in its part, and few move when a canary grows", "[unit][split]") {
    traffic_split const before{{90, 10}};
    traffic_split const after{{80, 20}};
    int moved = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto const point = even_hash(std::to_string(i));
        CHECK(before.part_at(point) == before.part_at(point));
        bool const was_canary = before.part_at(point) == 1;
        bool const is_canary = after.part_at(point) == 1;
        moved += was_canary != is_canary ? 1 : 0;
        if (was_canary) REQUIRE(is_canary);
    }
    CHECK(std::abs(moved - 1'000) < 150);
}

TEST_CASE("the last point belongs to the last part that has a weight", "[unit][split]") {
    CHECK(traffic_split{{1, 1}}.part_at(0xffffffff) == 1);
    CHECK(traffic_split{{1, 0}}.part_at(0xffffffff) == 0);
    CHECK(traffic_split{{0, 1}}.part_at(0) == 1);
}

TEST_CASE("a split is made by the part of the request that the operator names", "[unit][split]") {
    using enum settings::hash_part;
    auto const [part, name, key] = GENERATE(table<settings::hash_part, std::string, std::string>({
        {client_address, "", "203.0.113.7"},
        {path, "", "/a/b"},
        {header, "x-user", "ann"},
        {header, "x-none", ""},
        {cookie, "sid", "7"},
        {cookie, "none", ""},
        {query, "q", "1"},
        {query, "none", ""},
    }));
    std::string const text =
        "GET /a/./b?p=0&q=1 HTTP/1.1\r\nHost: x\r\nX-User: ann\r\nCookie: a=1; sid=7\r\n\r\n";
    http::request_parser parser;
    http::request_head head;
    REQUIRE(parser.parse(text, {}, head) == http::parse_step::complete);
    std::array<char, 256> scratch;
    http::target_view target;
    REQUIRE(http::parse_target(head, scratch, target) == cause::none);
    CAPTURE(name);
    CHECK(proxy::part_of({part, name}, head, target, "203.0.113.7") == key);
}

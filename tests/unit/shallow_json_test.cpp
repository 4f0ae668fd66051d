// SPDX-License-Identifier: Apache-2.0
#include "net/shallow_json.hpp"

#include <boost/property_tree/ptree.hpp>

#include <catch2/catch.hpp>

#include <string>

using gateway::net::read_shallow_json;

namespace {

std::string nested(std::size_t depth, std::string const& core = {}) {
    return std::string(depth, '[') + core + std::string(depth, ']');
}

}  // namespace

TEST_CASE("JSON that nests without measure is refused before it is parsed", "[unit][json]") {
    CHECK(read_shallow_json(nested(64)));
    CHECK_FALSE(read_shallow_json(nested(65)));
    CHECK_FALSE(read_shallow_json(nested(250'000)));
    CHECK_FALSE(read_shallow_json(std::string(250'000, '[')));
    std::string objects;
    for (int i = 0; i < 50'000; ++i) objects += "{\"a\":";
    CHECK_FALSE(read_shallow_json(objects));
    CHECK_FALSE(read_shallow_json("\"\\\"" + std::string(250'000, '[')));
    CHECK_FALSE(read_shallow_json("\"a\"" + std::string(250'000, '[')));
}

TEST_CASE("brackets in strings do not nest", "[unit][json]") {
    auto const tree =
        read_shallow_json("{\"a\":\"" + std::string(1'000, '[') + R"(\"\\","b":{"c":5}})");
    REQUIRE(tree);
    CHECK(tree->get<std::string>("a") == std::string(1'000, '[') + "\"\\");
    CHECK(tree->get<int>("b.c") == 5);
}

TEST_CASE("what is no JSON is nothing", "[unit][json]") {
    for (std::string const text : {"", "}", "][", "{", "{\"a\":}", "no", "\"open", "[1,]"}) {
        CAPTURE(text);
        CHECK_FALSE(read_shallow_json(text));
    }
}

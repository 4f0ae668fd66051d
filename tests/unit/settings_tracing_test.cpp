// SPDX-License-Identifier: Apache-2.0
#include "settings/tracing_syntax.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace gateway::settings;

TEST_CASE("a share is a number from 0 to 1 or a percentage", "[unit][settings]") {
    auto const [text, value, written] =
        GENERATE(table<std::string, std::optional<std::uint32_t>, std::string>({
            {"0", 0U, "0"},
            {"1", 1'000'000U, "1"},
            {"0.01", 10'000U, "0.01"},
            {"0.000001", 1U, "0.000001"},
            {"1%", 10'000U, "0.01"},
            {"12.5%", 125'000U, "0.125"},
            {"100%", 1'000'000U, "1"},
            {"1.0", 1'000'000U, "1"},
            {"1.1", std::nullopt, ""},
            {"101%", std::nullopt, ""},
            {"0.0000001", std::nullopt, ""},
            {"-1", std::nullopt, ""},
            {".5", std::nullopt, ""},
            {"1.", std::nullopt, ""},
            {"x", std::nullopt, ""},
            {"%", std::nullopt, ""},
            {"", std::nullopt, ""},
        }));
    CAPTURE(text);
    refusal why;
    auto const read = share::parse(text, why);
    CHECK(read == value);
    if (read) CHECK(share::text(*read) == written);
}

TEST_CASE("a share above the whole was meant as a percentage", "[unit][settings]") {
    refusal why;
    CHECK_FALSE(share::parse("5", why));
    CHECK(why.hint == "did you mean \"5%\"?");
}

TEST_CASE("a collector's address is plain HTTP with a path", "[unit][settings]") {
    refusal why;
    CHECK(collector_url::parse("http://localhost:4318/v1/traces", why));
    CHECK(collector_url::parse("http://[::1]:4318/v1/traces", why));
    CHECK_FALSE(collector_url::parse("https://collector/v1/traces", why));
    CHECK_FALSE(why.hint.empty());
    CHECK_FALSE(collector_url::parse("http://collector:4318", why));
    CHECK(why.hint == "did you mean \"http://collector:4318/v1/traces\"?");
    for (auto const* text :
         {"", "collector:4318", "http://", "http:///v1", "http://a:/v1", "http://user@host/v1",
          "http://a b/v1"}) {
        CAPTURE(text);
        CHECK_FALSE(collector_url::parse(text, why));
    }
}

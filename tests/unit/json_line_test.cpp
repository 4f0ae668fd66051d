// SPDX-License-Identifier: Apache-2.0
#include "observe/json_line.hpp"

#include "support/random_bytes.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

using namespace gateway;
using observe::append_escaped;
using support::random_bytes;

namespace {

std::string escaped(std::string_view text, std::size_t room = 1'000) {
    std::string out(room, '\0');
    bool truncated = false;
    auto* const end = append_escaped(out.data(), out.data() + room, text, truncated);
    out.resize(static_cast<std::size_t>(end - out.data()));
    return truncated ? out + "..." : out;
}

}  // namespace

TEST_CASE("bytes that JSON or UTF-8 forbid are escaped, all others kept", "[unit][json_line]") {
    auto const [bytes, expected] = GENERATE(table<std::string, std::string>({
        {"", ""},
        {"plain text, long enough for two blocks of sixteen bytes",
         "plain text, long enough for two blocks of sixteen bytes"},
        {"a\"b\\c/d", R"(a\"b\\c/d)"},
        {"0123456789abcde\"", R"(0123456789abcde\")"},
        {"0123456789abcdef\"", R"(0123456789abcdef\")"},
        {"tab\tline\nreturn\r", R"(tab\tline\nreturn\r)"},
        {std::string{"\0\x01\x1f\x7f", 4}, R"(\u0000\u0001\u001f\u007f)"},
        {"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80",
         "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\x80", R"(\u0080)"},                                // a lone continuation
        {"\xc3", R"(\u00c3)"},                                // cut off
        {"\xc3(", R"(\u00c3()"},                              // not continued
        {"\xc0\xaf", R"(\u00c0\u00af)"},                      // overlong
        {"\xe0\x80\xaf", R"(\u00e0\u0080\u00af)"},            // overlong
        {"\xed\xa0\x80", R"(\u00ed\u00a0\u0080)"},            // a surrogate
        {"\xf4\x90\x80\x80", R"(\u00f4\u0090\u0080\u0080)"},  // above U+10FFFF
        {"\xf5\xff", R"(\u00f5\u00ff)"},
    }));
    CAPTURE(bytes);
    CHECK(escaped(bytes) == expected);
}

TEST_CASE("a value that does not fit is cut between characters", "[unit][json_line]") {
    CHECK(escaped("abcd", 4) == "abcd");
    CHECK(escaped("abcde", 4) == "abcd...");
    CHECK(escaped("abc\n", 4) == "abc...");
    CHECK(escaped("abc\xc3\xbc", 4) == "abc...");
    CHECK(escaped("\x01\x01", 11) == "\\u0001...");
    CHECK(escaped(std::string(64, 'x'), 64) == std::string(64, 'x'));
    CHECK(escaped(std::string(65, 'x'), 64) == std::string(64, 'x').append("..."));
}

TEST_CASE("escaping one byte at a time or in blocks gives the same", "[unit][json_line]") {
    std::mt19937 random{20260131};
    for (int round = 0; round < 3'000; ++round) {
        auto const bytes = random_bytes(random, static_cast<std::size_t>(round % 80));
        std::string singly;
        for (std::size_t i = 0; i < bytes.size();) {
            // The shortest prefix that is a character of its own, else one byte.
            std::size_t size = 1;
            for (std::size_t n = 2; n <= 4 && i + n <= bytes.size(); ++n) {
                auto const candidate = bytes.substr(i, n);
                if (static_cast<unsigned char>(bytes[i]) >= 0xc0 &&
                    escaped(candidate) == candidate &&
                    escaped(bytes.substr(i, 1)) != bytes.substr(i, 1)) {
                    size = n;
                    break;
                }
            }
            singly += escaped(bytes.substr(i, size));
            i += size;
        }
        CHECK(escaped(bytes) == singly);
    }
}

TEST_CASE("durations are milliseconds with three decimals", "[unit][json_line]") {
    auto const [ns, expected] = GENERATE(table<std::int64_t, std::string>({
        {-5, "0.000"},
        {0, "0.000"},
        {999, "0.000"},
        {1'000, "0.001"},
        {1'999'999, "1.999"},
        {60'000'000'000, "60000.000"},
        {std::numeric_limits<std::int64_t>::max(), "9223372036854.775"},
    }));
    char out[64];
    observe::json_line line{out};
    line.duration(std::chrono::nanoseconds{ns});
    CHECK(std::string(out, line.end()) == expected);
}

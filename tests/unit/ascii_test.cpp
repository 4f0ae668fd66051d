// SPDX-License-Identifier: Apache-2.0
#include "base/ascii.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

namespace gateway::ascii {
namespace {

using namespace std::literals;

TEST_CASE("each byte is in the classes the RFCs put it in", "[unit][ascii]") {
    for (int i = 0; i < 256; ++i) {
        auto const c = static_cast<char>(i);
        CAPTURE(i);
        bool const alnum =
            (i >= '0' && i <= '9') || (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z');
        bool const mark = i != 0 && "!#$%&'*+-.^_`|~"sv.find(c) != std::string_view::npos;
        CHECK(is_token_char(c) == (alnum || mark));
        CHECK(is_text_char(c) == (i == '\t' || (i >= 0x20 && i != 0x7f)));
        bool const visible = i > 0x20 && i < 0x7f;
        CHECK(is(c, target_bit) == (visible && "\"#<>"sv.find(c) == std::string_view::npos));
        CHECK(is(c, path_bit) == (visible && "\"#<>?\\^`{}"sv.find(c) == std::string_view::npos));
        CHECK(is_alpha(c) == (alnum && !is_digit(c)));
        CHECK(is(c, label_bit) == (alnum || c == '-' || c == '_'));
    }
}

TEST_CASE("hexadecimal digits have values in either case", "[unit][ascii]") {
    CHECK(hex_value('0') == 0);
    CHECK(hex_value('9') == 9);
    CHECK(hex_value('a') == 10);
    CHECK(hex_value('F') == 15);
    for (char const c : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xff'})
        CHECK(hex_value(c) == -1);
}

TEST_CASE("only ASCII letters are equal in another case", "[unit][ascii]") {
    CHECK(equal_ignoring_case("Keep-Alive", "kEEP-aLIVE"));
    CHECK_FALSE(equal_ignoring_case("keep", "keepx"));
    CHECK_FALSE(equal_ignoring_case("@", "`"));
    CHECK_FALSE(equal_ignoring_case("[", "{"));
    CHECK_FALSE(equal_ignoring_case("\xc0", "\xe0"));
    CHECK(ends_with_ignoring_case("a.Example.COM", ".example.com"));
    CHECK_FALSE(ends_with_ignoring_case("com", ".com"));
}

TEST_CASE("a decimal is digits within a limit", "[unit][ascii]") {
    std::uint64_t out = 7;
    CHECK(parse_decimal("18446744073709551615", ~std::uint64_t{0}, out));
    CHECK(out == ~std::uint64_t{0});
    CHECK(parse_decimal("000255", 255, out));
    CHECK(out == 255);
    for (std::string_view const text :
         {""sv, " 1"sv, "1 "sv, "+1"sv, "-1"sv, "1a"sv, "0x1"sv, "256"sv, "2550"sv, "1\0"sv,
          "18446744073709551616"sv}) {
        CAPTURE(text);
        CHECK_FALSE(parse_decimal(text, 255, out));
        CHECK(out == 255);
    }
}

TEST_CASE("a list is taken apart at commas outside quotes", "[unit][ascii]") {
    auto const elements = [](std::string_view list) {
        std::string out;
        for (std::string_view element; next_element(list, element);) {
            out.append("[").append(element).append("]");
        }
        return out;
    };
    CHECK(elements("a, b,c\t,\td") == "[a][b][c][d]");
    CHECK(elements(",, a ,, ,b,") == "[a][b]");
    CHECK(elements("") == "");
    CHECK(elements(" , ") == "");
    CHECK(elements("a=\"b, c\", d") == "[a=\"b, c\"][d]");
    CHECK(elements("\"a\\\", b\", c") == "[\"a\\\", b\"][c]");
    CHECK(elements("\"a, b") == "[\"a, b]");
}

TEST_CASE("tokens and field text know their bytes", "[unit][ascii]") {
    CHECK(is_token("a-b"));
    CHECK_FALSE(is_token(""));
    CHECK_FALSE(is_token("a b"));
    CHECK(is_field_text("caf\xc3\xa9\t!"));
    CHECK(is_field_text(""));
    CHECK_FALSE(is_field_text("a\r\nb"));
    CHECK(trim(" \ta b\t ") == "a b");
    CHECK(trim(" \t ").empty());
}

}  // namespace
}  // namespace gateway::ascii

// SPDX-License-Identifier: Apache-2.0
// What holds for every head: limits, splits, and that a parser never says two things of the same
// bytes.
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <cctype>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

namespace gateway::http {
namespace {

std::string padded(std::string_view before, std::size_t size, std::string_view after) {
    std::string text{before};
    return text.append(size - before.size() - after.size(), 'x').append(after);
}

// Whole and byte by byte, which must agree.
std::string_view request_verdict(std::string const& text, head_limits const& limits) {
    auto const whole = request_of(text, limits);
    parsed_request split;
    split.text = text;
    parse_in_pieces(split, limits, 1);
    CHECK(split.verdict == whole->verdict);
    return whole->verdict;
}

std::string_view response_verdict(std::string const& text, head_limits const& limits) {
    auto const whole = response_of(text, limits);
    parsed_response split;
    split.text = text;
    parse_in_pieces(split, limits, 1);
    CHECK(split.verdict == whole->verdict);
    return whole->verdict;
}

TEST_CASE("a request line may fill its limit and not pass it", "[unit][http]") {
    head_limits const limits{.bytes_max = 1000, .line_bytes_max = 100, .fields_max = 8};
    auto const line = [](std::size_t size) {
        return padded("GET /", size, " HTTP/1.1\r\n") + "Host: a\r\n\r\n";
    };
    CHECK(request_verdict(line(100), limits) == "complete");
    CHECK(request_verdict(line(101), limits) == "target_too_long");
    CHECK(request_verdict(line(5000), limits) == "target_too_long");
    CHECK(request_verdict(std::string(200, '/'), limits) == "malformed_request_line");
    CHECK(request_verdict("GET " + std::string(200, '/'), limits) == "target_too_long");
}

TEST_CASE("a field line may fill its limit and not pass it", "[unit][http]") {
    head_limits const limits{.bytes_max = 1000, .line_bytes_max = 100, .fields_max = 8};
    auto const head = [](std::string_view before, std::size_t size, std::string_view after) {
        return "GET / HTTP/1.1\r\n" + padded(before, size, after) + "\r\n";
    };
    CHECK(request_verdict(head("A: ", 100, "\r\n"), limits) == "complete");
    CHECK(request_verdict(head("A: ", 101, "\r\n"), limits) == "header_too_large");
    CHECK(request_verdict(head("", 100, ":\r\n"), limits) == "complete");
    CHECK(request_verdict(head("", 101, ":\r\n"), limits) == "header_too_large");
    CHECK(request_verdict(head("", 300, ""), limits) == "header_too_large");
    // The fault lies beyond the limit, so it is never looked at.
    CHECK(request_verdict(head("A: ", 120, "\x01\r\n"), limits) == "header_too_large");
}

TEST_CASE("a head may fill its limit and not pass it", "[unit][http]") {
    std::string text = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 5; ++i) text += padded("A: ", 90, "\r\n");
    text += "\r\n";
    auto const size = static_cast<std::uint32_t>(text.size());
    CHECK(request_verdict(text, {size, 100, 8}) == "complete");
    CHECK(request_verdict(text, {size - 1, 100, 8}) == "header_too_large");
    CHECK(request_verdict(text, {size - 2, 100, 8}) == "header_too_large");
    CHECK(request_verdict(text, {size - 3, 100, 8}) == "header_too_large");
    CHECK(request_verdict(text, {10, 100, 8}) == "target_too_long");
}

TEST_CASE("a head may have as many fields as its limit says", "[unit][http]") {
    auto const head = [](int fields) {
        std::string text = "GET / HTTP/1.1\r\n";
        for (int i = 0; i < fields; ++i) text += "A: b\r\n";
        return text + "\r\n";
    };
    CHECK(request_verdict(head(128), {}) == "complete");
    CHECK(request_verdict(head(129), {}) == "too_many_fields");
    CHECK(request_verdict(head(0), {}) == "complete");
    head_limits many;
    many.fields_max = 10'000;  // beyond what the array holds
    CHECK(request_verdict(head(fields_capacity), many) == "complete");
    CHECK(request_verdict(head(fields_capacity + 1), many) == "too_many_fields");
}

TEST_CASE("a line limit beyond what offsets hold counts as that", "[unit][http]") {
    head_limits const limits{.bytes_max = 1 << 20, .line_bytes_max = 1 << 20, .fields_max = 8};
    auto const text = [](std::size_t size) {
        return "GET / HTTP/1.1\r\n" + padded("A: ", size, "\r\n") + "\r\n";
    };
    auto const longest = request_of(text(line_bytes_capacity), limits);
    REQUIRE(longest->verdict == "complete");
    CHECK(longest->head.value(longest->head.fields()[0]).size() == line_bytes_capacity - 5);
    CHECK(request_of(text(line_bytes_capacity + 1), limits)->verdict == "header_too_large");
}

TEST_CASE("a response beyond a limit is too large whichever limit it is", "[unit][http]") {
    head_limits const limits{.bytes_max = 200, .line_bytes_max = 100, .fields_max = 2};
    auto const line = "HTTP/1.1 200 OK\r\n" + std::string{};
    constexpr std::string_view too_large = "response_header_too_large";
    CHECK(response_verdict(padded("HTTP/1.1 200 ", 101, "\r\n") + "\r\n", limits) == too_large);
    CHECK(response_verdict(line + padded("A: ", 101, "\r\n") + "\r\n", limits) == too_large);
    CHECK(response_verdict(line + "A: b\r\nA: b\r\nA: b\r\n\r\n", limits) == too_large);
    auto const two = padded("A: ", 95, "\r\n") + padded("B: ", 95, "\r\n");
    CHECK(response_verdict(line + two + "\r\n", limits) == too_large);
    CHECK(response_verdict(line + "A: b\r\nB: c\r\n\r\n", limits) == "complete");
}

TEST_CASE("a fault is reported with the byte that makes it certain", "[unit][http]") {
    struct row {
        std::string_view bytes;
        std::size_t seen;
    };
    for (auto const& [bytes, seen] : std::initializer_list<row>{
             {"GET /a#bcd HTTP/1.1\r\n", 7},
             {" GET / HTTP/1.1\r\n", 1},
             {"GET / HTTP/2.0\r\n", 14},
             {"GET / HTTPX1.1\r\n", 11},
             {"GET / HTTP/1.1\nHost: a\r\n", 15},
             {"GET / HTTP/1.1\r\nHost : a\r\n", 21},
             {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n", 26},
             {"\n", 1},
         }) {
        CAPTURE(bytes);
        parsed_request split;
        split.text = bytes;
        parse_in_pieces(split, {}, 1);
        CHECK(split.verdict != "incomplete");
        CHECK(split.seen == seen);
    }
}

constexpr std::string_view typical_request =
    "GET /products/42?ref=home&utm=%20x HTTP/1.1\r\nHost: shop.example.com:8080\r\n"
    "Connection: keep-alive\r\nsec-ch-ua: \"Chromium\";v=\"118\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\nX_Real_IP: 1.2.3.4\r\nAccept:\t*/* \r\nEmpty:\r\n"
    "Cookie: _ga=GA1.2.1234567890.1234567890; session=8f2c9a7b6d5e4f3a2b1c0d9e8f7a\r\n\r\n";
constexpr std::string_view typical_response =
    "HTTP/1.1 200 Fine indeed\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";

template <class Parsed>
void check_every_split(std::string_view text) {
    Parsed whole;
    whole.text = text;
    parse_whole(whole, {});
    REQUIRE(whole.verdict == "complete");
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        auto parser = [] {
            if constexpr (std::is_same_v<Parsed, parsed_request>) {
                return request_parser{};
            } else {
                return response_parser{};
            }
        }();
        decltype(whole.head) head;
        std::string const first{text.substr(0, cut)};
        auto step = parser.parse(first, {}, head);
        CHECK(step == (cut == text.size() ? parse_step::complete : parse_step::incomplete));
        if (step == parse_step::incomplete) step = parser.parse(text, {}, head);
        CAPTURE(cut);
        CHECK(step == parse_step::complete);
        head.rebase(whole.text.data());
        CHECK(said_by(head) == said_by(whole.head));
    }
}

TEST_CASE("a head split at any byte is the same head", "[unit][http]") {
    check_every_split<parsed_request>(typical_request);
    check_every_split<parsed_response>(typical_response);
}

// Damages a good head in a few places; most results are bad in some interesting way.
std::string damaged(std::string_view good, std::mt19937& random) {
    constexpr std::string_view bytes{"\r\n\0 \t:;,/%#\"a1A-_\x7f\x80\xff", 21};
    auto const below = [&random](std::size_t n) { return random() % n; };
    std::string text{good};
    for (auto damages = below(3); damages-- > 0;) {
        auto const at = below(text.size());
        switch (below(4)) {
            case 0: text[at] = bytes[below(bytes.size())]; break;
            case 1: text.insert(at, 1, bytes[below(bytes.size())]); break;
            case 2: text.erase(at, 1 + below(3)); break;
            default: text.insert(at, text.substr(below(text.size()), below(40))); break;
        }
        if (text.empty()) text = good;
    }
    return text;
}

// The rules once more, in the plainest words, to hold the fast parser against.
bool is_good_field_section(std::string_view text) {
    while (!text.starts_with("\r\n")) {
        auto const end = text.find("\r\n");
        if (end == std::string_view::npos) return false;
        auto const colon = text.find(':');
        if (colon == std::string_view::npos || colon == 0 || colon > end) return false;
        for (char const c : text.substr(0, colon)) {
            if (!std::isalnum(static_cast<unsigned char>(c)) &&
                (c == 0 || std::strchr("!#$%&'*+-.^_`|~", c) == nullptr)) {
                return false;
            }
        }
        for (char const c : text.substr(colon + 1, end - colon - 1)) {
            auto const byte = static_cast<unsigned char>(c);
            if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
        }
        text.remove_prefix(end + 2);
    }
    return true;
}

TEST_CASE("damaged heads get one verdict however they come", "[unit][http]") {
    std::mt19937 random{20260101};
    int complete = 0;
    int refused = 0;
    head_limits const limits{.bytes_max = 700, .line_bytes_max = 160, .fields_max = 12};
    for (int i = 0; i < 4000; ++i) {
        auto const text = damaged(typical_request, random);
        CAPTURE(text);
        auto const whole = request_of(text, limits);
        parsed_request split;
        split.text = text;
        parse_in_pieces(split, limits, 1 + random() % 5);
        REQUIRE(split.verdict == whole->verdict);
        if (whole->verdict == "complete") {
            ++complete;
            REQUIRE(said_by(split.head) == said_by(whole->head));
            auto const after_line =
                whole->head.text().substr(whole->head.text().find("\r\n", 2) + 2);
            REQUIRE(is_good_field_section(after_line));
        } else if (whole->verdict != "incomplete") {
            ++refused;
        }
    }
    // The generator must reach both ends to mean anything.
    CHECK(complete > 500);
    CHECK(refused > 500);
}

TEST_CASE("a good field section is never refused", "[unit][http]") {
    std::mt19937 random{7};
    constexpr std::string_view line = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 4000; ++i) {
        auto const section = damaged(typical_request.substr(typical_request.find("Host")), random);
        CAPTURE(section);
        auto const request = request_of(std::string{line} + section);
        CHECK((request->verdict == "complete") == is_good_field_section(section));
    }
}

}  // namespace
}  // namespace gateway::http

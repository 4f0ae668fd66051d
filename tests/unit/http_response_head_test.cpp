// SPDX-License-Identifier: Apache-2.0
// One row per rule of a response head: the bytes, the verdict, where the rule stands.
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

namespace gateway::http {
namespace {

using namespace std::literals;

struct row {
    std::string_view bytes;
    std::string_view verdict;
    std::string_view rule;
};

void check_rows(std::initializer_list<row> rows, std::string_view before, std::string_view after) {
    for (auto const& [bytes, verdict, rule] : rows) {
        auto const text = std::string{before}.append(bytes).append(after);
        CAPTURE(text, rule);
        auto const whole = response_of(text);
        CHECK(whole->verdict == verdict);
        for (std::size_t const piece : {1, 2, 3, 7, 17}) {
            parsed_response split;
            split.text = text;
            parse_in_pieces(split, {}, piece);
            CAPTURE(piece);
            CHECK(split.verdict == whole->verdict);
            if (verdict == "complete") CHECK(said_by(split.head) == said_by(whole->head));
        }
    }
}

constexpr auto bad = "response_malformed"sv;

TEST_CASE("a status line is a version, three digits and perhaps a reason", "[unit][http]") {
    check_rows(
        {
            {"HTTP/1.1 200 OK\r\n", "complete", "RFC 9112 4"},
            {"HTTP/1.0 200 OK\r\n", "complete", "RFC 9112 4"},
            {"HTTP/1.1 200 \r\n", "complete", "RFC 9112 4: an empty reason"},
            {"HTTP/1.1 200\r\n", "complete", "sent by servers; nothing else it could mean"},
            {"HTTP/1.1 404 Not  Found\tat all\r\n", "complete", "RFC 9112 4: HTAB, SP, VCHAR"},
            {"HTTP/1.1 200 tr\xc3\xa8s bien\r\n", "complete", "RFC 9112 4: obs-text"},
            {"HTTP/1.1 100 Continue\r\n", "complete", "RFC 9110 15: the least"},
            {"HTTP/1.1 999 Odd\r\n", "complete", "RFC 9110 15: three digits"},
            {"HTTP/1.1 099 OK\r\n", bad, "RFC 9110 15: at least 100"},
            {"HTTP/1.1 000 OK\r\n", bad, "RFC 9110 15: at least 100"},
            {"HTTP/1.1 20 OK\r\n", bad, "RFC 9112 4: three digits"},
            {"HTTP/1.1 2000 OK\r\n", bad, "RFC 9112 4: three digits"},
            {"HTTP/1.1 2OO OK\r\n", bad, "RFC 9112 4: three digits"},
            {"HTTP/1.1 +200 OK\r\n", bad, "RFC 9112 4: three digits"},
            {"HTTP/1.1 -20 OK\r\n", bad, "RFC 9112 4: three digits"},
            {"HTTP/1.1  200 OK\r\n", bad, "RFC 9112 4: single SP"},
            {"HTTP/1.1\t200 OK\r\n", bad, "RFC 9112 4: SP, not HTAB"},
            {"HTTP/1.1 200\tOK\r\n", bad, "RFC 9112 4: SP, not HTAB"},
            {"HTTP/1.1 OK\r\n", bad, "RFC 9112 4: the status is missing"},
            {"HTTP/1.1\r\n", bad, "RFC 9112 4: the status is missing"},
            {"HTTP/1.1 \r\n", bad, "RFC 9112 4: the status is missing"},
            {"HTTP/2.0 200 OK\r\n", bad, "RFC 9112 2.3"},
            {"HTTP/2 200\r\n", bad, "RFC 9112 2.3"},
            {"HTTP/1.2 200 OK\r\n", bad, "RFC 9112 2.3"},
            {"http/1.1 200 OK\r\n", bad, "RFC 9112 2.3: case-sensitive"},
            {"ICY 200 OK\r\n", bad, "RFC 9112 2.3"},
            {"200 OK\r\n", bad, "RFC 9112 4: the version is missing"},
            {" HTTP/1.1 200 OK\r\n", bad, "RFC 9112 4: nothing before the version"},
            {"\r\nHTTP/1.1 200 OK\r\n", bad, "RFC 9112 2.2 forgives a request only"},
            {"HTTP/1.1 200 OK\n", bad, "RFC 9112 2.2: bare LF"},
            {"HTTP/1.1 200 O\rK\r\n", bad, "RFC 9112 2.2: bare CR"},
            {"HTTP/1.1 200 OK\r\r\n", bad, "RFC 9112 2.2: bare CR"},
            {"HTTP/1.1 200 O\0K\r\n"sv, bad, "RFC 9112 4: NUL"},
            {"HTTP/1.1 200 O\x1bK\r\n", bad, "RFC 9112 4: control byte"},
            {"HTTP/1.1 200 O\x7fK\r\n", bad, "RFC 9112 4: DEL"},
            {"<html>\r\n", bad, "no head at all"},
            {"GET / HTTP/1.1\r\n", bad, "a request"},
        },
        "", "Server: x\r\n\r\n");
}

TEST_CASE("a response's fields are judged as a request's", "[unit][http]") {
    check_rows(
        {
            {"A: b\r\n", "complete", "RFC 9112 5"},
            {"A:\r\n", "complete", "RFC 9110 5.5"},
            {"A: \xe2\x82\xac\r\n", "complete", "RFC 9110 5.5: obs-text"},
            {"A : b\r\n", bad, "RFC 9112 5.1: a proxy must not pass it on"},
            {"A: b\r\n c\r\n", bad, "RFC 9112 5.2: obs-fold"},
            {" A: b\r\n", bad, "RFC 9112 2.2"},
            {": b\r\n", bad, "RFC 9110 5.1"},
            {"A\r\n", bad, "RFC 9112 5"},
            {"A: b\n", bad, "RFC 9112 2.2: bare LF"},
            {"A: b\rc\r\n", bad, "RFC 9112 2.2: bare CR"},
            {"A: b\0\r\n"sv, bad, "RFC 9110 5.5: NUL"},
            {"A: b\x08\r\n", bad, "RFC 9110 5.5: control byte"},
            {"A B: c\r\n", bad, "RFC 9110 5.6.2"},
        },
        "HTTP/1.1 200 OK\r\nServer: x\r\n", "\r\n");
}

TEST_CASE("a response head gives out its parts", "[unit][http]") {
    auto const response =
        good_response("HTTP/1.0 404 Not Found\r\nServer: x\r\nLocation: /y\r\n\r\nbody");
    CHECK(response->head.status == 404);
    CHECK(response->head.reason() == "Not Found");
    CHECK(response->head.minor_version == 0);
    CHECK(response->head.value_of(field_id::location) == "/y");
    CHECK(response->head.size() == response->text.size() - 4);
    CHECK(good_response("HTTP/1.1 204\r\n\r\n")->head.reason().empty());
}

TEST_CASE("a second response is not confused with the first", "[unit][http]") {
    response_parser parser;
    response_head head;
    std::string_view rest = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200\r\n\r\n";
    REQUIRE(parser.parse(rest, {}, head) == parse_step::complete);
    CHECK(head.status == 103);
    rest.remove_prefix(head.size());
    parser.reset();
    REQUIRE(parser.parse(rest, {}, head) == parse_step::complete);
    CHECK(head.status == 200);
    CHECK(head.reason().empty());
    CHECK(head.fields().empty());
}

}  // namespace
}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// One row per rule of a request head: the bytes, the verdict, where the rule stands.
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

// The verdict must not depend on how the bytes come.
void check_rows(std::initializer_list<row> rows, std::string_view before, std::string_view after) {
    for (auto const& [bytes, verdict, rule] : rows) {
        auto const text = std::string{before}.append(bytes).append(after);
        CAPTURE(text, rule);
        auto const whole = request_of(text);
        CHECK(whole->verdict == verdict);
        for (std::size_t const piece : {1, 2, 3, 7, 17}) {
            parsed_request split;
            split.text = text;
            parse_in_pieces(split, {}, piece);
            CAPTURE(piece);
            CHECK(split.verdict == whole->verdict);
            if (verdict == "complete") CHECK(said_by(split.head) == said_by(whole->head));
        }
    }
}

constexpr auto line = "malformed_request_line"sv;
constexpr auto bad_field = "malformed_field"sv;

TEST_CASE("a request line is three words with one space between", "[unit][http]") {
    check_rows(
        {
            {"GET / HTTP/1.1\r\n", "complete", "RFC 9112 3"},
            {"GET / HTTP/1.0\r\n", "complete", "RFC 9112 2.3"},
            {"GET  / HTTP/1.1\r\n", line, "RFC 9112 3: single SP"},
            {"GET /  HTTP/1.1\r\n", line, "RFC 9112 3: single SP"},
            {"GET / HTTP/1.1 \r\n", line, "RFC 9112 3: nothing after the version"},
            {" GET / HTTP/1.1\r\n", line, "RFC 9112 3: nothing before the method"},
            {"\tGET / HTTP/1.1\r\n", line, "RFC 9112 3: nothing before the method"},
            {"GET\t/ HTTP/1.1\r\n", line, "RFC 9112 3: SP, not HTAB"},
            {"GET /\tHTTP/1.1\r\n", line, "RFC 9112 3: SP, not HTAB"},
            {"GET /\vHTTP/1.1\r\n", line, "RFC 9112 3: SP, not VT"},
            {"GET /\fHTTP/1.1\r\n", line, "RFC 9112 3: SP, not FF"},
            {"GET /\r\n", line, "no HTTP/0.9"},
            {"GET\r\n", line, "RFC 9112 3"},
            {"GET / \r\n", line, "RFC 9112 3"},
            {"GET HTTP/1.1\r\n", line, "RFC 9112 3: a target must stand there"},
            {"/ HTTP/1.1\r\n", line, "RFC 9112 3.1: '/' is no tchar"},
            {"GET /a b HTTP/1.1\r\n", line, "RFC 9112 3.2: no raw space in a target"},
            {"GET / HTTP/1.1\n", line, "RFC 9112 2.2: bare LF"},
            {"GET / HTTP/1.1\r", line, "RFC 9112 2.2: bare CR"},
            {"GET / HTTP/1.1\r\r\n", line, "RFC 9112 2.2: bare CR"},
            {"GET / HTTP/1.1\0\r\n"sv, line, "RFC 9110 5.5: NUL"},
            {"GET /\0 HTTP/1.1\r\n"sv, line, "NUL in the target"},
            {"G\0T / HTTP/1.1\r\n"sv, line, "NUL in the method"},
            {"GET /\r/ HTTP/1.1\r\n", line, "bare CR in the target"},
            {"GET /\n/ HTTP/1.1\r\n", line, "bare LF in the target"},
            {"GET /\x7f HTTP/1.1\r\n", line, "DEL in the target"},
            {"GET /\x01 HTTP/1.1\r\n", line, "control byte in the target"},
        },
        "", "Host: a\r\n\r\n");
}

TEST_CASE("one empty line before a request is forgiven, no more", "[unit][http]") {
    check_rows(
        {
            {"\r\nGET / HTTP/1.1\r\n\r\n", "complete", "RFC 9112 2.2"},
            {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", line, "RFC 9112 2.2: at least one"},
            {"\nGET / HTTP/1.1\r\n\r\n", line, "bare LF"},
            {"\rGET / HTTP/1.1\r\n\r\n", line, "bare CR"},
            {"\r\n GET / HTTP/1.1\r\n\r\n", line, "whitespace before the method"},
            {"\r\n", "incomplete", "no request yet"},
            {"\r", "incomplete", "no request yet"},
        },
        "", "");
}

TEST_CASE("a method is a token of at most 32 bytes", "[unit][http]") {
    check_rows(
        {
            {"OPTIONS", "complete", "RFC 9110 9.3.7"},
            {"get", "complete", "RFC 9110 9.1: another method than GET"},
            {"M-SEARCH", "complete", "RFC 9110 5.6.2: a token"},
            {"!#$%&'*+-.^_`|~09azAZ", "complete", "RFC 9110 5.6.2: all tchars"},
            {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", "complete", "32 bytes"},
            {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG", "unsupported_method", "RFC 9112 3: 501"},
            {"GE(T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE)T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE,T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE/T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE:T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE;T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE<T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE=T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE>T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE?T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE@T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE[T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE\\T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE]T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE{T", line, "RFC 9110 5.6.2: delimiter"},
            {"GE}T", line, "RFC 9110 5.6.2: delimiter"},
            {"\"GET\"", line, "RFC 9110 5.6.2: delimiter"},
            {"G\xc3\x89T", line, "RFC 9110 5.6.2: no bytes above 127"},
            {"", line, "RFC 9112 3.1: at least one byte"},
        },
        "", " / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_CASE("versions other than HTTP/1.0 and HTTP/1.1 are refused", "[unit][http]") {
    constexpr auto version = "unsupported_version"sv;
    check_rows(
        {
            {"HTTP/1.1", "complete", "RFC 9112 2.3"},
            {"HTTP/1.0", "complete", "RFC 9112 2.3"},
            {"HTTP/1.2", version, "RFC 9112 2.3"},
            {"HTTP/2.0", version, "RFC 9113 3.4: a preface is no request"},
            {"HTTP/0.9", version, "RFC 9112 2.3"},
            {"HTTP/3.0", version, "RFC 9112 2.3"},
            {"HTTP/9.9", version, "RFC 9112 2.3"},
            {"HTTP/1.10", line, "RFC 9112 2.3: one digit"},
            {"HTTP/11.1", line, "RFC 9112 2.3: one digit"},
            {"HTTP/01.1", line, "RFC 9112 2.3: one digit"},
            {"HTTP/1.01", line, "RFC 9112 2.3: one digit"},
            {"HTTP/2", line, "RFC 9112 2.3: two numbers"},
            {"HTTP/1.", line, "RFC 9112 2.3: two numbers"},
            {"HTTP/1,1", line, "RFC 9112 2.3"},
            {"HTTP 1.1", line, "RFC 9112 2.3"},
            {"HTTP/+1.1", line, "RFC 9112 2.3"},
            {"http/1.1", line, "RFC 9112 2.3: case-sensitive"},
            {"Http/1.1", line, "RFC 9112 2.3: case-sensitive"},
            {"HTTPS/1.1", line, "RFC 9112 2.3"},
            {"HTP/1.1", line, "RFC 9112 2.3"},
            {"ICY/1.1", line, "RFC 9112 2.3"},
            {"\"HTTP/1.1\"", line, "RFC 9112 2.3"},
        },
        "GET / ", "\r\nHost: a\r\n\r\n");
}

TEST_CASE("a target holds visible ASCII without fragment and quotes", "[unit][http]") {
    constexpr auto target = "malformed_target"sv;
    check_rows(
        {
            {"/a-z_0.9~!$&'()*+,;=:@%20/?/?", "complete", "RFC 3986 3.3, 3.4"},
            {"/a?ids[]=1&f={x|y}^`\\", "complete", "sent by browsers as it is"},
            {"http://a/b", "complete", "RFC 9112 3.2.2"},
            {"*", "complete", "RFC 9112 3.2.4"},
            {"/a#b", target, "RFC 9112 3.2.1: no fragment"},
            {"#", target, "RFC 9112 3.2.1: no fragment"},
            {"/\"a\"", target, "RFC 3986 2"},
            {"/<a>", target, "RFC 3986 2"},
            {"/a>b", target, "RFC 3986 2"},
            {"/caf\xc3\xa9", target, "RFC 3986 2: ASCII only"},
            {"/\xff", target, "RFC 3986 2: ASCII only"},
            {"/0123456789abcdef0123456789\x80", target, "beyond the first sixteen bytes"},
            {"/0123456789abcdef0123456789#", target, "beyond the first sixteen bytes"},
            {"/0123456789abcdef0123456789\x1f", line, "beyond the first sixteen bytes"},
        },
        "GET ", " HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_CASE("a field line is a token, a colon and text", "[unit][http]") {
    check_rows(
        {
            {"A: b\r\n", "complete", "RFC 9112 5"},
            {"A:b\r\n", "complete", "RFC 9112 5: whitespace is optional"},
            {"A:\r\n", "complete", "RFC 9110 5.5: a value may be empty"},
            {"A: \t \r\n", "complete", "RFC 9110 5.5: a value may be empty"},
            {"A:\t b c\t \r\n", "complete", "RFC 9112 5.1: whitespace around"},
            {"A: caf\xc3\xa9\r\n", "complete", "RFC 9110 5.5: obs-text"},
            {"A: a\tb\r\n", "complete", "RFC 9110 5.5: HTAB within"},
            {"A: ::;,\"<>@[]{}\\\r\n", "complete", "RFC 9110 5.5: any VCHAR"},
            {"!#$%&'*+-.^_`|~09azAZ: b\r\n", "complete", "RFC 9110 5.1: all tchars"},
            {"A : b\r\n", bad_field, "RFC 9112 5.1: whitespace before the colon"},
            {"A\t: b\r\n", bad_field, "RFC 9112 5.1: whitespace before the colon"},
            {" A: b\r\n", bad_field, "RFC 9112 2.2: whitespace before the first field"},
            {"\tA: b\r\n", bad_field, "RFC 9112 2.2: whitespace before the first field"},
            {"A: b\r\n c\r\n", bad_field, "RFC 9112 5.2: obs-fold"},
            {"A: b\r\n\tc\r\n", bad_field, "RFC 9112 5.2: obs-fold"},
            {"A: b\r\n \r\n", bad_field, "RFC 9112 5.2: obs-fold of nothing"},
            {": b\r\n", bad_field, "RFC 9110 5.1: a name has at least one byte"},
            {":\r\n", bad_field, "RFC 9110 5.1: a name has at least one byte"},
            {"A\r\n", bad_field, "RFC 9112 5: no colon"},
            {"A b\r\n", bad_field, "RFC 9112 5: no colon"},
            {"A: b\n", bad_field, "RFC 9112 2.2: bare LF"},
            {"A: b\n\r\n", bad_field, "RFC 9112 2.2: bare LF"},
            {"A: b\rc\r\n", bad_field, "RFC 9112 2.2: bare CR"},
            {"A: b\r\r\n", bad_field, "RFC 9112 2.2: bare CR"},
            {"A: b\r", bad_field, "RFC 9112 2.2: bare CR before the blank line"},
            {"A\r: b\r\n", bad_field, "bare CR in a name"},
            {"A\n: b\r\n", bad_field, "bare LF in a name"},
            {"A: b\0c\r\n"sv, bad_field, "RFC 9110 5.5: NUL"},
            {"A: \0\r\n"sv, bad_field, "RFC 9110 5.5: NUL"},
            {"A\0: b\r\n"sv, bad_field, "NUL in a name"},
            {"A: b\x01\r\n", bad_field, "RFC 9110 5.5: control byte"},
            {"A: b\x0b\r\n", bad_field, "RFC 9110 5.5: VT"},
            {"A: b\x0c\r\n", bad_field, "RFC 9110 5.5: FF"},
            {"A: b\x1b\r\n", bad_field, "RFC 9110 5.5: ESC"},
            {"A: b\x7f\r\n", bad_field, "RFC 9110 5.5: DEL"},
            {"A: 0123456789abcdef0123456789\x7f\r\n", bad_field, "beyond sixteen bytes"},
            {"A: 0123456789abcdef0123456789\n\r\n", bad_field, "beyond sixteen bytes"},
            {"A-Name-Longer-Than-A-Block\x7f: b\r\n", bad_field, "beyond sixteen bytes"},
            {"A-Name-Longer-Than-A-Block : b\r\n", bad_field, "beyond sixteen bytes"},
            {"A(: b\r\n", bad_field, "RFC 9110 5.6.2: delimiter in a name"},
            {"A/B: b\r\n", bad_field, "RFC 9110 5.6.2: delimiter in a name"},
            {"A@B: b\r\n", bad_field, "RFC 9110 5.6.2: delimiter in a name"},
            {"A[B: b\r\n", bad_field, "RFC 9110 5.6.2: delimiter in a name"},
            {"A{B: b\r\n", bad_field, "RFC 9110 5.6.2: delimiter in a name"},
            {"\"A\": b\r\n", bad_field, "RFC 9110 5.6.2: delimiter in a name"},
            {"A\xc3\xa9: b\r\n", bad_field, "RFC 9110 5.6.2: no bytes above 127 in a name"},
            {"GET / HTTP/1.1\r\n", bad_field, "a second request line"},
        },
        "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n");
}

TEST_CASE("a head ends with an empty line of CR and LF", "[unit][http]") {
    check_rows(
        {
            {"\r\n", "complete", "RFC 9112 2.1"},
            {"\r\nrest", "complete", "the bytes after it are not the head's"},
            {"\r\n\r\n\r\n", "complete", "the bytes after it are not the head's"},
            {"\n", bad_field, "RFC 9112 2.2: bare LF"},
            {"\rX", bad_field, "RFC 9112 2.2: bare CR"},
            {"\r\r\n", bad_field, "RFC 9112 2.2: bare CR"},
            {" \r\n", bad_field, "RFC 9112 2.2: a line of whitespace is not empty"},
            {"\r", "incomplete", "LF is to come"},
            {"", "incomplete", "the empty line is to come"},
        },
        "GET / HTTP/1.1\r\nHost: a\r\n", "");
}

TEST_CASE("a request head gives out its parts", "[unit][http]") {
    auto const request = good_request(
        "\r\nPOST /a/b?c=d HTTP/1.0\r\n"
        "Host: example.com\r\nX-One:  1 \t\r\nEmpty:\r\n"
        "cOnTeNt-LeNgTh: 5\r\nX-One: 2\r\nx_forwarded_for: 1.2.3.4\r\n\r\nhello");
    auto const& head = request->head;
    CHECK(head.method_text() == "POST");
    CHECK(head.method_id == method::post);
    CHECK(head.target() == "/a/b?c=d");
    CHECK(head.minor_version == 0);
    CHECK(head.size() == request->text.size() - 5);
    REQUIRE(head.fields().size() == 6);
    CHECK(head.name(head.fields()[1]) == "X-One");
    CHECK(head.value(head.fields()[1]) == "1");
    CHECK(head.value(head.fields()[2]).empty());
    CHECK(head.value_of(field_id::content_length) == "5");
    CHECK(head.find(field_id::host) == &head.fields()[0]);
    CHECK(head.find(field_id::upgrade) == nullptr);
    CHECK_FALSE(head.has(field_id::connection));
    CHECK(head.count(field_id::other) == 3);
    CHECK(head.count(field_id::connection) == 0);
    CHECK(head.fields()[5].id == field_id::alias);
}

TEST_CASE("a head is valid again after its buffer moved", "[unit][http]") {
    auto const request = good_request("GET /x HTTP/1.1\r\nHost: one\r\n\r\n");
    auto const moved = request->text;
    request->head.rebase(moved.data());
    request->text.assign(request->text.size(), '?');
    CHECK(request->head.target() == "/x");
    CHECK(request->head.value_of(field_id::host) == "one");
}

TEST_CASE("pipelined requests are parsed one after another", "[unit][http]") {
    std::string_view rest =
        "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        "\r\nDELETE /2 HTTP/1.0\r\n\r\n";
    request_parser parser;
    request_head head;
    REQUIRE(parser.parse(rest, {}, head) == parse_step::complete);
    CHECK(head.target() == "/1");
    rest.remove_prefix(head.size());
    parser.reset();
    REQUIRE(parser.parse(rest, {}, head) == parse_step::complete);
    CHECK(head.target() == "/2");
    CHECK(head.method_id == method::del);
    CHECK(head.fields().empty());
    CHECK_FALSE(head.has(field_id::connection));
    CHECK(head.size() == rest.size());
}

TEST_CASE(
    "a request has begun with its first byte, not with the empty line before", "[unit][http]") {
    request_parser parser;
    request_head head;
    for (std::string_view const nothing : {"", "\r", "\r\n"}) {
        CHECK(parser.parse(nothing, {}, head) == parse_step::incomplete);
        CHECK_FALSE(parser.begun());
    }
    CHECK(parser.parse("\r\nG", {}, head) == parse_step::incomplete);
    CHECK(parser.begun());
}

}  // namespace
}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// Where bodies end, one row per rule (RFC 9112 6).
#include "http/framing.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

namespace gateway::http {
namespace {

// "none", "length N", "chunked", "until close", or the cause of the refusal.
std::string framing_word(cause why, body_framing const& framing) {
    if (why != cause::none) return std::string{word_of(why)};
    switch (framing.kind) {
        case body_kind::none: return "none";
        case body_kind::length: return "length " + std::to_string(framing.length);
        case body_kind::chunked: return "chunked";
        case body_kind::until_close: return "until close";
    }
    return "?";
}

struct request_row {
    std::string_view fields;
    std::string_view verdict;
    std::string_view rule;
};

void check_requests(std::string_view line, std::initializer_list<request_row> rows) {
    for (auto const& [fields, verdict, rule] : rows) {
        CAPTURE(line, fields, rule);
        auto const request =
            good_request(std::string{line} + "\r\nHost: a\r\n" + std::string{fields} + "\r\n");
        body_framing framing;
        auto const why = frame_request(request->head, framing);
        CHECK(framing_word(why, framing) == verdict);
    }
}

TEST_CASE("a request has one length in digits, or none", "[unit][http]") {
    check_requests(
        "POST / HTTP/1.1",
        {
            {"", "none", "6.3 rule 7"},
            {"Content-Length: 0\r\n", "length 0", "6.2"},
            {"Content-Length: 5\r\n", "length 5", "6.2"},
            {"content-length:5\r\n", "length 5", "RFC 9110 5.1: names ignore case"},
            {"Content-Length: \t 5 \r\n", "length 5", "5.1: whitespace is not the value's"},
            {"Content-Length: 0005\r\n", "length 5", "RFC 9110 8.6: 1*DIGIT"},
            {"Content-Length: 9223372036854775807\r\n", "length 9223372036854775807", "2^63-1"},
            {"Content-Length: 9223372036854775808\r\n", "malformed_field", "6.3: overflow"},
            {"Content-Length: 18446744073709551616\r\n", "malformed_field", "6.3: overflow"},
            {"Content-Length: 18446744073709551621\r\n", "malformed_field", "6.3: wraps to 5"},
            {"Content-Length: 99999999999999999999999\r\n", "malformed_field", "6.3: overflow"},
            {"Content-Length: +5\r\n", "malformed_field", "RFC 9110 8.6: no sign"},
            {"Content-Length: -5\r\n", "malformed_field", "RFC 9110 8.6: no sign"},
            {"Content-Length: 5 5\r\n", "malformed_field", "RFC 9110 8.6"},
            {"Content-Length: 0x5\r\n", "malformed_field", "RFC 9110 8.6: decimal"},
            {"Content-Length: 5a\r\n", "malformed_field", "RFC 9110 8.6"},
            {"Content-Length: 5.0\r\n", "malformed_field", "RFC 9110 8.6"},
            {"Content-Length: 1e3\r\n", "malformed_field", "RFC 9110 8.6"},
            {"Content-Length: 5;\r\n", "malformed_field", "RFC 9110 8.6"},
            {"Content-Length: \"5\"\r\n", "malformed_field", "RFC 9110 8.6"},
            {"Content-Length: \xc2\xb2\r\n", "malformed_field", "RFC 9110 8.6: ASCII digits"},
            {"Content-Length:\r\n", "malformed_field", "RFC 9110 8.6: 1*DIGIT"},
            {"Content-Length: 5, 5\r\n", "ambiguous_framing", "6.3 rule 5: a list"},
            {"Content-Length: 5, 6\r\n", "ambiguous_framing", "6.3 rule 5: a list"},
            {"Content-Length: 5,\r\n", "ambiguous_framing", "6.3 rule 5: a list"},
            {"Content-Length: 5\r\nContent-Length: 6\r\n", "ambiguous_framing", "6.3 rule 5"},
            {"Content-Length: 5\r\nContent-Length: 5\r\n", "ambiguous_framing", "6.3 rule 5"},
            {"Content-Length: 5\r\nA: b\r\ncontent-length: 5\r\n", "ambiguous_framing", "rule 5"},
        });
}

TEST_CASE("a chunked request says so exactly once, last and alone", "[unit][http]") {
    check_requests(
        "POST / HTTP/1.1",
        {
            {"Transfer-Encoding: chunked\r\n", "chunked", "6.3 rule 4"},
            {"transfer-encoding: CHUNKED\r\n", "chunked", "7: codings ignore case"},
            {"Transfer-Encoding:\tchunked\t\r\n", "chunked", "5.1"},
            {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "ambiguous_framing", "rule 3"},
            {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "ambiguous_framing", "rule 3"},
            {"Transfer-Encoding: chunked\r\nContent-Length: x\r\n", "ambiguous_framing", "rule 3"},
            {"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "ambiguous_framing", "rule 3"},
            {"Transfer-Encoding: chunked, chunked\r\n", "ambiguous_framing", "6.1: once"},
            {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "ambiguous_framing",
             "6.1: once"},
            {"Transfer-Encoding: chunked, gzip\r\n", "ambiguous_framing", "6.3 rule 4: not last"},
            {"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", "ambiguous_framing",
             "6.3 rule 4: not last"},
            {"Transfer-Encoding: chunked, identity\r\n", "ambiguous_framing", "rule 4: not last"},
            {"Transfer-Encoding: identity\r\n", "ambiguous_framing", "6.3 rule 4: not last"},
            {"Transfer-Encoding: gzip\r\n", "ambiguous_framing", "6.3 rule 4: not last"},
            {"Transfer-Encoding: gzip, chunked\r\n", "unsupported_transfer_coding", "6.1: 501"},
            {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
             "unsupported_transfer_coding", "6.1: 501"},
            {"Transfer-Encoding: identity, chunked\r\n", "unsupported_transfer_coding", "6.1"},
            {"Transfer-Encoding: chunked, gzip, chunked\r\n", "ambiguous_framing", "6.1: once"},
            {"Transfer-Encoding: xchunked\r\n", "ambiguous_framing", "6.3 rule 4"},
            {"Transfer-Encoding: chunkedx\r\n", "ambiguous_framing", "6.3 rule 4"},
            {"Transfer-Encoding: chunked;q=1\r\n", "ambiguous_framing", "7: no parameters"},
            {"Transfer-Encoding: \"chunked\"\r\n", "ambiguous_framing", "7: no quotes"},
            {"Transfer-Encoding: 'chunked'\r\n", "ambiguous_framing", "7: another token"},
            {"Transfer-Encoding: chunked,\r\n", "ambiguous_framing", "no empty element"},
            {"Transfer-Encoding: ,chunked\r\n", "ambiguous_framing", "no empty element"},
            {"Transfer-Encoding: chunked chunked\r\n", "ambiguous_framing", "7: a token"},
            {"Transfer-Encoding: chunk ed\r\n", "ambiguous_framing", "7: a token"},
            {"Transfer-Encoding: chunked\xa0\r\n", "ambiguous_framing", "7: a token"},
            {"Transfer-Encoding:\r\n", "ambiguous_framing", "6.1: present but empty"},
            {"Transfer-Encoding:\r\nContent-Length: 5\r\n", "ambiguous_framing", "rule 3"},
            {"Transfer_Encoding: chunked\r\n", "none", "another field, and an alias to drop"},
            {"TransferEncoding: chunked\r\n", "none", "another field"},
        });
    check_requests(
        "GET / HTTP/1.1", {
                              {"", "none", "6.3 rule 7"},
                              {"Content-Length: 5\r\n", "length 5", "RFC 9110 9.3.1"},
                              {"Transfer-Encoding: chunked\r\n", "chunked", "RFC 9110 9.3.1"},
                          });
    check_requests(
        "POST / HTTP/1.0", {
                               {"", "none", "6.3 rule 7"},
                               {"Content-Length: 5\r\n", "length 5", "6.2"},
                               {"Transfer-Encoding: chunked\r\n", "ambiguous_framing", "6.1"},
                           });
}

struct response_row {
    method asked;
    std::string_view head;
    std::string_view verdict;
    std::string_view rule;
};

TEST_CASE("a response's body ends where its status and fields say", "[unit][http]") {
    constexpr std::string_view bad = "response_malformed";
    using enum method;
    for (auto const& [asked, text, verdict, rule] : std::initializer_list<response_row>{
             {get, "1.1 200\r\n", "until close", "6.3 rule 8"},
             {get, "1.0 200\r\n", "until close", "6.3 rule 8"},
             {get, "1.1 200\r\nContent-Length: 7\r\n", "length 7", "6.3 rule 6"},
             {get, "1.0 200\r\nContent-Length: 7\r\n", "length 7", "6.3 rule 6"},
             {get, "1.1 200\r\nTransfer-Encoding: chunked\r\n", "chunked", "6.3 rule 4"},
             {get, "1.1 500\r\nContent-Length: 0\r\n", "length 0", "6.3 rule 6"},
             {get, "1.1 205\r\nContent-Length: 0\r\n", "length 0", "RFC 9110 15.3.6"},
             {get, "1.1 999\r\n", "until close", "6.3 rule 8"},
             {get, "1.0 200\r\nTransfer-Encoding: chunked\r\n", bad, "6.1: not in HTTP/1.0"},
             {get, "1.1 200\r\nTransfer-Encoding: gzip\r\n", bad, "6.1"},
             {get, "1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n", bad, "6.1: not asked for"},
             {get, "1.1 200\r\nTransfer-Encoding: chunked, chunked\r\n", bad, "6.1"},
             {get, "1.1 200\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", bad, "rule 3"},
             {get, "1.1 200\r\nContent-Length: 3\r\nContent-Length: 3\r\n", bad, "rule 5"},
             {get, "1.1 200\r\nContent-Length: 3\r\nContent-Length: 4\r\n", bad, "rule 5"},
             {get, "1.1 200\r\nContent-Length: 3, 3\r\n", bad, "rule 5"},
             {get, "1.1 200\r\nContent-Length: -1\r\n", bad, "rule 5"},
             {get, "1.1 200\r\nContent-Length: +1\r\n", bad, "rule 5"},
             {get, "1.1 200\r\nContent-Length: nan\r\n", bad, "rule 5"},
             {get, "1.1 200\r\nContent-Length:\r\n", bad, "rule 5"},
             {get, "1.1 200\r\nContent-Length: 9223372036854775808\r\n", bad, "overflow"},
             {head, "1.1 200\r\nContent-Length: 7\r\n", "none", "6.3 rule 1"},
             {head, "1.1 200\r\nTransfer-Encoding: chunked\r\n", "none", "6.3 rule 1"},
             {head, "1.1 200\r\n", "none", "6.3 rule 1"},
             {head, "1.1 200\r\nContent-Length: 7, 8\r\n", bad, "rule 5 all the same"},
             {get, "1.1 304\r\nContent-Length: 7\r\n", "none", "6.3 rule 1"},
             {get, "1.1 304\r\n", "none", "6.3 rule 1"},
             {get, "1.1 304\r\nContent-Length: x\r\n", bad, "rule 5 all the same"},
             {get, "1.1 204\r\n", "none", "6.3 rule 1"},
             {get, "1.1 204\r\nContent-Length: 0\r\n", "none", "RFC 9110 8.6; common and true"},
             {get, "1.1 204\r\nContent-Length: 7\r\n", bad, "RFC 9110 8.6"},
             {get, "1.1 204\r\nTransfer-Encoding: chunked\r\n", bad, "6.1"},
             {get, "1.1 100\r\n", "none", "6.3 rule 1"},
             {get, "1.1 103\r\nContent-Length: 7\r\n", bad, "RFC 9110 8.6"},
             {get, "1.1 101\r\nTransfer-Encoding: chunked\r\n", bad, "6.1"},
             {connect, "1.1 200\r\n", "none", "6.3 rule 2"},
             {connect, "1.1 200\r\nContent-Length: 7\r\n", "none", "6.3 rule 2: ignored"},
             {connect, "1.1 200\r\nTransfer-Encoding: chunked\r\n", "none", "6.3 rule 2"},
             {connect, "1.1 407\r\nContent-Length: 7\r\n", "length 7", "6.3 rule 6"},
         }) {
        CAPTURE(text_of(asked), text, rule);
        auto const response = good_response("HTTP/" + std::string{text} + "\r\n");
        body_framing framing;
        auto const why = frame_response(response->head, asked, framing);
        CHECK(framing_word(why, framing) == verdict);
    }
}

TEST_CASE("only 100-continue can be expected", "[unit][http]") {
    struct row {
        std::string_view line;
        std::string_view fields;
        cause why;
        expectation wants;
        std::string_view rule;
    };
    constexpr auto none = expectation::none;
    for (auto const& [line, fields, why, wants, rule] : std::initializer_list<row>{
             {"PUT / HTTP/1.1", "", cause::none, none, "RFC 9110 10.1.1"},
             {"PUT / HTTP/1.1", "Expect: 100-continue\r\n", cause::none, expectation::continue_100,
              "RFC 9110 10.1.1"},
             {"PUT / HTTP/1.1", "expect: 100-Continue\r\n", cause::none, expectation::continue_100,
              "RFC 9110 10.1.1: ignores case"},
             {"PUT / HTTP/1.0", "Expect: 100-continue\r\n", cause::none, none,
              "RFC 9110 10.1.1: ignored from HTTP/1.0"},
             {"PUT / HTTP/1.1", "Expect: x\r\n", cause::unsupported_expectation, none, "417"},
             {"PUT / HTTP/1.1", "Expect:\r\n", cause::unsupported_expectation, none, "417"},
             {"PUT / HTTP/1.1", "Expect: 100-continue\r\nExpect: 100-continue\r\n",
              cause::unsupported_expectation, none, "417"},
         }) {
        CAPTURE(line, fields, rule);
        auto const request =
            good_request(std::string{line} + "\r\nHost: a\r\n" + std::string{fields} + "\r\n");
        expectation got{};
        CHECK(word_of(read_expectation(request->head, got)) == word_of(why));
        CHECK(got == wants);
    }
}

}  // namespace
}  // namespace gateway::http

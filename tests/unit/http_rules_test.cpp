// SPDX-License-Identifier: Apache-2.0
// A request as a whole: one row per rule with the bytes, the verdict and where the rule stands. The
// parts of the judgement have tables of their own; here they are put together as the exchange does
// it, and every row is cut at every byte.
#include "http/chunked.hpp"
#include "http/framing.hpp"
#include "http/hop_by_hop.hpp"
#include "http/host.hpp"
#include "http/target.hpp"
#include "support/cut_at_every_byte.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <string_view>

namespace gateway::http {
namespace {

using namespace std::literals;

cause judge(request_head const& head) {
    connection_options options;
    body_framing framing;
    target_view target;
    expectation expected;
    std::array<char, 512> scratch;
    auto why = parse_connection(head, options);
    if (why == cause::none) why = check_host(head);
    if (why == cause::none) why = frame_request(head, framing);
    if (why == cause::none) why = parse_target(head, scratch, target);
    if (why == cause::none) why = read_expectation(head, expected);
    return why;
}

// "fine" or the cause; "incomplete" when the head is not whole.
std::string verdict_on(std::string const& first, std::string const& second) {
    auto const whole = std::make_unique<std::string>(first + second);
    auto const head = std::make_unique<request_head>();
    request_parser parser;
    auto step = parser.parse(first, {}, *head);
    if (step == parse_step::incomplete && !second.empty()) {
        step = parser.parse(*whole, {}, *head);
    } else {
        head->rebase(whole->data());
    }
    if (step == parse_step::incomplete) return "incomplete";
    cause const why = step == parse_step::refused ? parser.why() : judge(*head);
    return why == cause::none ? "fine" : std::string{word_of(why)};
}

struct row {
    std::string_view bytes;
    std::string_view verdict;
    std::string_view rule;
};

void check(std::initializer_list<row> rows) {
    for (auto const& [bytes, verdict, rule] : rows) {
        CAPTURE(bytes, rule);
        CHECK(verdict_on(std::string{bytes}, {}) == verdict);
        CHECK(support::cut_at_every_byte(bytes, verdict_on).empty());
    }
}

TEST_CASE("a request has one verdict however its bytes arrive", "[unit][http][rules]") {
    constexpr auto line = "malformed_request_line"sv;
    constexpr auto field = "malformed_field"sv;
    constexpr auto frame = "ambiguous_framing"sv;
    constexpr auto target = "malformed_target"sv;
    constexpr auto host = "malformed_host"sv;
    check({
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "fine", "RFC 9112 3"},
        {"GET / HTTP/1.0\r\n\r\n", "fine", "RFC 9112 3.2: 1.0 needs no Host"},
        {"GET / HTTP/1.1\r\nHost: a\r\n", "incomplete", "RFC 9112 2.1"},
        {"GET / HTTP/1.1\r\n\r\n", host, "RFC 9112 3.2: missing"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", host, "RFC 9112 3.2: repeated"},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", host, "RFC 9112 3.2: repeated"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", host, "RFC 9112 3.2: malformed"},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", host, "RFC 9110 4.2.1"},
        {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "fine", "RFC 9112 3.2.2: the target wins"},
        {"GET http://b/ HTTP/1.1\r\n\r\n", host, "RFC 9112 3.2: missing all the same"},
        {"GET http://b c/ HTTP/1.1\r\nHost: a\r\n\r\n", line, "RFC 9112 3.2: a raw space"},
        {"GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", target, "RFC 9110 4.2.4"},
        {"GET //b/ HTTP/1.1\r\nHost: a\r\n\r\n", "fine", "RFC 9112 3.2.1: a path"},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", line, "RFC 9112 3.2: a raw space"},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", target, "RFC 9112 3.2.1: a fragment"},
        {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", target, "an encoded NUL"},
        {"GET /%2e%2e/ HTTP/1.1\r\nHost: a\r\n\r\n", target, "an encoded dot segment"},
        {"GET /%GG HTTP/1.1\r\nHost: a\r\n\r\n", target, "RFC 3986 2.1"},
        {"GET /a?%GG HTTP/1.1\r\nHost: a\r\n\r\n", "fine", "browsers pass it in a query"},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", target, "RFC 9112 3.2.4: OPTIONS only"},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "fine", "RFC 9112 3.2.4"},
        {"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "fine", "RFC 9112 3.2.4"},
        {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "fine", "RFC 9112 3.2.3"},
        {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", target, "RFC 9112 3.2.3: authority form"},
        {"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", target, "RFC 9112 3.2.3: a port"},
        {"GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n", target, "RFC 9112 3.2.3: CONNECT only"},
        {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", line, "RFC 9110 9.1: a token"},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", field, "RFC 9112 5.1"},
        {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", field, "RFC 9112 5.2: obs-fold"},
        {"GET / HTTP/1.1\nHost: a\r\n\r\n", line, "RFC 9112 2.2: bare LF"},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n", field, "RFC 9112 2.2: bare LF"},
        {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", field, "RFC 9112 2.2: bare CR"},
        {"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"sv, field, "RFC 9110 5.5: NUL"},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "unsupported_version", "RFC 9112 2.3"},
        {"GET /\r\n\r\n", line, "HTTP/0.9"},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "fine", "RFC 9112 2.2: one empty line"},
        {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", line, "RFC 9112 2.2: only one"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         frame, "RFC 9112 6.3 rule 3"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", frame,
         "RFC 9112 6.3 rule 5"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n", frame, "rule 5: a list"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", field, "RFC 9110 8.6"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", field,
         "RFC 9110 8.6: oversized"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", frame,
         "RFC 9112 6.3 rule 4"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", frame,
         "RFC 9112 6.1"},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", frame,
         "RFC 9112 6.1: HTTP/1.0"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
         "unsupported_transfer_coding", "RFC 9112 6.1: 501"},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n", field, "RFC 9110 7.6.1: tokens"},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: ,,close,,\r\n\r\n", "fine", "RFC 9110 5.6.1"},
        {"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 101\r\n\r\n", "unsupported_expectation",
         "RFC 9110 10.1.1"},
        {"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "fine", "RFC 9110 10.1.1"},
    });
}

std::string response_verdict(std::string const& first, std::string const& second) {
    auto const whole = std::make_unique<std::string>(first + second);
    auto const head = std::make_unique<response_head>();
    response_parser parser;
    auto step = parser.parse(first, {}, *head);
    if (step == parse_step::incomplete && !second.empty()) {
        step = parser.parse(*whole, {}, *head);
    } else {
        head->rebase(whole->data());
    }
    if (step != parse_step::complete) return std::string{verdict_word(step, parser.why())};
    body_framing framing;
    cause const why = frame_response(*head, method::get, framing);
    if (why != cause::none) return std::string{word_of(why)};
    return said_by(*head) + std::to_string(static_cast<int>(framing.kind)) + ' ' +
           std::to_string(framing.length);
}

TEST_CASE("a response has one verdict however its bytes arrive", "[unit][http][rules]") {
    for (std::string_view const bytes :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"sv, "HTTP/1.0 200\r\n\r\nhello"sv,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y \t\r\nEmpty:\r\n\r\n"sv,
          "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"sv,
          "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"sv,
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"sv,
          "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"sv, "HTTP/1.1 200 OK\r\nX : a\r\n\r\n"sv,
          "HTTP/1.1 200 OK\nX: a\r\n\r\n"sv, "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n"sv,
          "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"sv, "HTTP/1.1 20 OK\r\n\r\n"sv,
          "HTTP/2.0 200 OK\r\n\r\n"sv, "\r\nHTTP/1.1 200 OK\r\n\r\n"sv}) {
        CAPTURE(bytes);
        CHECK(support::cut_at_every_byte(bytes, response_verdict) == "");
    }
}

std::string chunked_verdict(std::string const& first, std::string const& second) {
    chunk_decoder decoder;
    std::string payload;
    std::string end = "more";
    for (std::string const& piece : {first, second}) {
        for (std::string_view rest{piece}; end == "more" && !rest.empty();) {
            auto const step = decoder.next(rest);
            payload += step.payload;
            rest.remove_prefix(step.consumed);
            if (step.event == chunk_event::finished) end = "finished";
            if (step.event == chunk_event::refused) end = "refused";
        }
    }
    return end + " [" + payload + "] " + std::string{decoder.trailer_lines()};
}

TEST_CASE("a chunked body has one verdict however its bytes arrive", "[unit][http][rules]") {
    for (std::string_view const bytes :
         {"5\r\nhello\r\n0\r\n\r\n"sv,
          "5;a=b;c=\"d\\\"e\"\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\nZ:\r\n\r\nGET /"sv,
          "5\r\nhello\r\n0\r\n"sv, "5\nhello\r\n0\r\n\r\n"sv, "5 \r\nhello\r\n0\r\n\r\n"sv,
          "+5\r\nhello\r\n0\r\n\r\n"sv, "10000000000000005\r\nhello\r\n0\r\n\r\n"sv,
          "5\r\nhello0\r\n\r\n"sv, "5\r\nhello!\r\n0\r\n\r\n"sv, "5;a\nb\r\nhello\r\n0\r\n\r\n"sv,
          "5;\r\nhello\r\n0\r\n\r\n"sv, "0\r\nX : y\r\n\r\n"sv, "0\r\nX: y\r\n z\r\n\r\n"sv,
          "0\r\n\n"sv}) {
        CAPTURE(bytes);
        CHECK(support::cut_at_every_byte(bytes, chunked_verdict) == "");
    }
}

}  // namespace
}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
// What the gateway says itself: replies, dates and the plain writer of heads.
#include "http/date.hpp"
#include "http/error_reply.hpp"
#include "http/framing.hpp"
#include "http/head_writer.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::http {
namespace {

std::string reply_text(reply_request const& reply) {
    std::string out;
    append_error_reply(out, reply);
    return out;
}

std::string body_of(std::string const& reply) { return reply.substr(reply.find("\r\n\r\n") + 4); }

TEST_CASE("a reply is a whole response with the right length", "[unit][http]") {
    auto const text = reply_text({
        .why = cause::connect_refused,
        .request_id = "abc-12345",
        .date = "Sun, 06 Nov 1994 08:49:37 GMT",
        .close = true,
    });
    auto const response = good_response(text);
    auto const& head = response->head;
    CHECK(head.status == 502);
    CHECK(head.reason() == "Bad Gateway");
    CHECK(head.value_of(field_id::date) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(head.value_of(field_id::content_type) == "application/json");
    CHECK(head.value_of(field_id::x_request_id) == "abc-12345");
    CHECK(head.value_of(field_id::connection) == "close");
    CHECK(text.find("Cache-Control: no-store\r\n") != std::string::npos);
    body_framing framing;
    REQUIRE(frame_response(head, method::get, framing) == cause::none);
    CHECK(framing.length == text.size() - head.size());
    CHECK(
        body_of(text) ==
        "{\"status\":502,\"error\":\"Bad Gateway\",\"cause\":\"connect_refused\","
        "\"message\":\"The upstream refused the connection.\",\"request_id\":\"abc-12345\"}\n");
}

TEST_CASE("every cause with a status has a reply that parses", "[unit][http]") {
    for (std::size_t i = 1; i < cause_count; ++i) {
        auto const why = static_cast<cause>(i);
        CAPTURE(word_of(why));
        if (status_of(why) == 499) continue;  // never sent
        for (std::string_view const accept : {"", "text/html"}) {
            auto const response = good_response(reply_text({.why = why, .accept = accept}));
            CHECK(response->head.status == status_of(why));
            CHECK_FALSE(response->head.reason().empty());
        }
    }
}

TEST_CASE("a reply to HEAD has the fields of GET and no body", "[unit][http]") {
    auto const get = reply_text({.why = cause::no_route});
    auto const head = reply_text({.why = cause::no_route, .head_only = true});
    CHECK(get.starts_with(head));
    CHECK(head.ends_with("\r\n\r\n"));
    CHECK(get.size() > head.size());
}

TEST_CASE("a reply has the extra fields and the status it is given", "[unit][http]") {
    std::array<std::pair<std::string_view, std::string_view>, 2> const extra{
        {{"Allow", "GET, HEAD"}, {"Retry-After", "5"}}};
    auto const text = reply_text(
        {.why = cause::method_not_allowed, .status = 418, .keep_alive = true, .extra = extra});
    CHECK(text.starts_with("HTTP/1.1 418 \r\n"));
    CHECK(text.find("Allow: GET, HEAD\r\nRetry-After: 5\r\n") != std::string::npos);
    CHECK(text.find("Connection: keep-alive\r\n") != std::string::npos);
    CHECK(text.find("Date:") == std::string::npos);
    CHECK(text.find("X-Request-Id:") == std::string::npos);
}

TEST_CASE("nothing in a body can be taken for markup", "[unit][http]") {
    auto const html =
        reply_text({.why = cause::no_route, .request_id = "<b>&\"'\x01", .accept = "text/html"});
    CHECK(body_of(html).find("&lt;b&gt;&amp;&quot;&#39;?") != std::string::npos);
    CHECK(body_of(html).find("<b>") == std::string::npos);
    auto const json = body_of(reply_text({.why = cause::no_route, .request_id = "a\"b\\\x01\xff"}));
    CHECK(json.find("\"a\\\"b\\\\\\u0001\\u00ff\"") != std::string::npos);
}

TEST_CASE("the body has the form that Accept prefers", "[unit][http]") {
    struct row {
        std::string_view accept;
        bool html;
    };
    for (auto const& [accept, html] : std::initializer_list<row>{
             {"", false},
             {"*/*", false},
             {"application/json", false},
             {"text/html", true},
             {"TEXT/HTML", true},
             {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true},
             {"text/*", true},
             {"text/html, */*", true},
             {"text/html, application/json", false},
             {"application/json;q=0.5, text/html", true},
             {"application/json, text/html;q=0.9", false},
             {"text/html;q=0", false},
             {"text/html;q=0.000, */*;q=0.1", false},
             {"*/*, text/html;q=0.1", false},
             {"application/*;q=0.2, text/html;level=1;q=0.4", true},
             {"application/*;q=0.5, text/html;level=1; Q=0.4", false},
             {"text/plain", false},
             {"image/png", false},
             {"text/html;q=1.000", true},
             {"text/html;q=", true},
             {",,;;q=,\"", false},
         }) {
        CAPTURE(accept);
        CHECK(prefers_html(accept) == html);
    }
}

std::string date_of(std::int64_t seconds) {
    std::array<char, date_size> text;
    write_date(seconds, text);
    return {text.data(), text.size()};
}

TEST_CASE("a date is written as RFC 9110 5.6.7 has it", "[unit][http]") {
    CHECK(date_of(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(date_of(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(date_of(951782399) == "Mon, 28 Feb 2000 23:59:59 GMT");
    CHECK(date_of(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
    CHECK(date_of(1709164800) == "Thu, 29 Feb 2024 00:00:00 GMT");
    CHECK(date_of(4107542400) == "Mon, 01 Mar 2100 00:00:00 GMT");
    CHECK(date_of(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
    CHECK(date_of(253402300800) == "Fri, 31 Dec 9999 23:59:59 GMT");
    CHECK(date_of(-1) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("a head is written piece by piece", "[unit][http]") {
    std::array<char, 100> buffer;
    head_writer out{buffer};
    out.append("GET /").append('x').end_line().field("A", "b").field("N", 18446744073709551615U);
    out.hex(255).append("").end_line();
    CHECK_FALSE(out.overflowed());
    CHECK(out.text() == "GET /x\r\nA: b\r\nN: 18446744073709551615\r\nff\r\n");
    CHECK(out.size() == out.text().size());
}

TEST_CASE("what does not fit is not written, and nothing after it", "[unit][http]") {
    std::array<char, 10> buffer;
    head_writer out{buffer};
    out.append("12345").field("A", "b").append("6");
    CHECK(out.overflowed());
    CHECK(out.text() == "12345");
    head_writer exact{buffer};
    exact.append("12345678").end_line();
    CHECK_FALSE(exact.overflowed());
    CHECK(exact.size() == buffer.size());
    exact.append("x");
    CHECK(exact.overflowed());
    head_writer last_field{buffer};
    last_field.append("12345").field("A", "");
    CHECK_FALSE(last_field.overflowed());
    CHECK(last_field.text() == "12345A: \r\n");
    last_field.field("", "");
    CHECK(last_field.overflowed());
    CHECK(last_field.text() == "12345A: \r\n");
}

}  // namespace
}  // namespace gateway::http

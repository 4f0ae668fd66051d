// SPDX-License-Identifier: Apache-2.0
// Where a comment may stand in a stream of server-sent events.
#include "http/event_stream.hpp"
#include "http/head_parser.hpp"

#include <catch2/catch.hpp>

#include <string>

using gateway::http::event_stream;

namespace {

bool is_event_stream(std::string const& status, std::string const& fields) {
    std::string const text = "HTTP/1.1 " + status + "\r\n" + fields + "\r\n";
    gateway::http::response_head head;
    gateway::http::response_parser parser;
    REQUIRE(parser.parse(text, {}, head) == gateway::http::parse_step::complete);
    return gateway::http::is_event_stream(head);
}

}  // namespace

TEST_CASE("a comment may stand before and between events only", "[unit][event_stream]") {
    auto const [bytes, boundary] = GENERATE(table<std::string, bool>({
        {"", true},
        {"d", false},
        {"data: x\n", false},
        {"data: x\n\n", true},
        {"data: x\r\n", false},
        {"data: x\r\n\r", true},
        {"data: x\r\n\r\n", true},
        {"data: x\r", false},
        {"data: x\r\r", true},
        {"data: x\n\r\n", true},
        {"data: x\r\n\n", true},
        {"data: x\n\ndata: y", false},
        {"\n", true},
        {"\r\n", true},
        {": comment\n", false},
        {": comment\n\n", true},
    }));
    CAPTURE(bytes);
    event_stream whole;
    CHECK(whole.pass(bytes) == bytes);
    CHECK(whole.at_boundary() == boundary);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        event_stream pieces;
        pieces.pass(std::string_view{bytes}.substr(0, cut));
        pieces.pass(std::string_view{bytes}.substr(cut));
        CHECK(pieces.at_boundary() == boundary);
    }
}

TEST_CASE("after a heartbeat there is a boundary", "[unit][event_stream]") {
    event_stream stream;
    stream.pass("data: x\n\n");
    stream.heartbeat_sent();
    CHECK(stream.at_boundary());
    CHECK(stream.pass("\xef\xbb\xbf") == "\xef\xbb\xbf");
    CHECK_FALSE(stream.at_boundary());
}

TEST_CASE("a byte order mark behind the first heartbeat is dropped", "[unit][event_stream]") {
    event_stream stream;
    stream.heartbeat_sent();
    SECTION("in one piece") {
        CHECK(
            stream.pass("\xef\xbb\xbf"
                        "data: x\n\n") == "data: x\n\n");
    }
    SECTION("in several") {
        CHECK(stream.pass("\xef").empty());
        CHECK(stream.at_boundary());
        CHECK(stream.pass("\xbb").empty());
        CHECK(stream.pass("\xbf\xef") == "\xef");
    }
    SECTION("and nothing else is") { CHECK(stream.pass("data: x\n\n") == "data: x\n\n"); }
}

TEST_CASE("only plain event streams get heartbeats", "[unit][event_stream]") {
    CHECK(is_event_stream("200 OK", "Content-Type: text/event-stream\r\n"));
    CHECK(is_event_stream("200 OK", "Content-Type: Text/Event-Stream ; charset=utf-8\r\n"));
    CHECK(is_event_stream(
        "200 OK", "Content-Type: text/event-stream\r\nContent-Encoding: identity\r\n"));
    CHECK_FALSE(is_event_stream("200 OK", ""));
    CHECK_FALSE(is_event_stream("200 OK", "Content-Type: text/event-streams\r\n"));
    CHECK_FALSE(
        is_event_stream("200 OK", "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"));
    CHECK_FALSE(is_event_stream("206 Partial Content", "Content-Type: text/event-stream\r\n"));
}

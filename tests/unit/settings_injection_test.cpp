// SPDX-License-Identifier: Apache-2.0
// Nothing that the operator writes, and no variable that ends up there, can put a line of its own
// into a message.
#include "unit/settings_refusals.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using namespace gateway::testing;

namespace {

std::optional<std::string> injected(std::string_view name) {
    if (name == "CRLF") return "a\r\nX-Injected: 1";
    if (name == "LF") return "a\nX-Injected: 1";
    if (name == "CR") return "a\rX-Injected: 1";
    if (name == "NUL") return std::string{"a\0b", 3};
    return "fine";
}

bool loads(std::string const& route, std::string const& more_of_upstream = {}) {
    return load_text(
               "upstreams: {web: {endpoints: [web]" + more_of_upstream + "}}\nroutes:\n- {" +
                   route + "upstream: web}\n",
               "g.yaml", injected)
        .value.has_value();
}

}  // namespace

TEST_CASE("a line break in a setting that becomes part of a message is refused", "[unit]") {
    CHECK(loads("prefix: /, request_headers: {set: {X-A: \"${FINE}\"}}, "));
    CHECK(loads(
        "prefix: /, ",
        ", health_check: {path: /a, host: a.b, method: HEAD, headers: {X-A: \"${FINE}\"}}"
        ", balance: {method: sticky_cookie, cookie: \"${FINE}\"}"));
    for (std::string const name : {"CRLF", "LF", "CR", "NUL"}) {
        std::string const text = "\"${" + name + "}\"";
        CAPTURE(name);
        for (std::string const edits : {"request_headers", "response_headers"}) {
            for (std::string const verb : {"set", "add"}) {
                CAPTURE(edits, verb);
                CHECK_FALSE(
                    loads("prefix: /, " + edits + ": {" + verb + ": {X-A: " + text + "}}, "));
            }
            CHECK_FALSE(loads("prefix: /, " + edits + ": {remove: [" + text + "]}, "));
        }
        CHECK_FALSE(loads("prefix: /, methods: [" + text + "], "));
        CHECK_FALSE(loads("prefix: /, host: " + text + ", "));
        CHECK_FALSE(loads("prefix: " + text + ", "));
        CHECK_FALSE(loads("prefix: /, name: " + text + ", "));
        CHECK_FALSE(loads("prefix: /, ", ", host: " + text));
        for (std::string const key : {"path", "host", "method"}) {
            CAPTURE(key);
            CHECK_FALSE(loads("prefix: /, ", ", health_check: {" + key + ": " + text + "}"));
        }
        CHECK_FALSE(loads("prefix: /, ", ", health_check: {headers: {X-A: " + text + "}}"));
        CHECK_FALSE(loads("prefix: /, ", ", health_check: {headers: {" + text + ": a}}"));
        CHECK_FALSE(
            loads("prefix: /, ", ", balance: {method: sticky_cookie, cookie: " + text + "}"));
        CHECK_FALSE(loads("path: " + text + ", "));
    }
    for (std::string const written :
         {"\"a\\r\\nX: 1\"", "\"a\\nX: 1\"", "\"a\\rX: 1\"", "\"a\\0\""}) {
        CAPTURE(written);
        CHECK_FALSE(loads("prefix: /, request_headers: {set: {X-A: " + written + "}}, "));
        CHECK_FALSE(loads("prefix: /, request_headers: {set: {" + written + ": a}}, "));
    }
}

TEST_CASE("CONNECT is no method of a route", "[unit]") {
    CHECK_FALSE(loads("prefix: /, methods: [CONNECT], "));
    CHECK(loads("prefix: /, methods: [TRACE], "));
}

TEST_CASE("an encoded slash passes or is refused", "[unit]") {
    CHECK(loads("prefix: /, encoded_slash: pass, "));
    CHECK(loads("prefix: /, encoded_slash: refuse, "));
    CHECK_FALSE(loads("prefix: /, encoded_slash: decode, "));
}

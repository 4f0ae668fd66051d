// SPDX-License-Identifier: Apache-2.0
#include "http/host.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

namespace gateway::http {
namespace {

using namespace std::literals;

TEST_CASE("Host is one name or address, perhaps with a port", "[unit][http]") {
    struct row {
        std::string_view value;
        bool good;
        std::string_view rule;
    };
    for (auto const& [value, good, rule] : std::initializer_list<row>{
             {"example.com", true, "RFC 3986 3.2.2"},
             {"EXAMPLE.com", true, "RFC 3986 3.2.2: any case"},
             {"example.com.", true, "a fully qualified name"},
             {"example.com:80", true, "RFC 9110 7.2"},
             {"example.com:65535", true, "RFC 9110 7.2"},
             {"localhost", true, "RFC 3986 3.2.2"},
             {"my_service-1", true, "names of containers have underscores"},
             {"127.0.0.1:8080", true, "RFC 3986 3.2.2"},
             {"[::1]", true, "RFC 3986 3.2.2"},
             {"[2001:db8::7]:443", true, "RFC 3986 3.2.2"},
             {"[::ffff:1.2.3.4]", true, "RFC 3986 3.2.2"},
             {"", false, "RFC 9110 4.2.1: http needs a host"},
             {".", false, "no label"},
             {".example.com", false, "empty label"},
             {"example..com", false, "empty label"},
             {"example.com..", false, "empty label"},
             {"example.com:", false, "a colon without a port"},
             {"example.com:0", false, "no such port"},
             {"example.com:65536", false, "no such port"},
             {"example.com:8x", false, "RFC 3986 3.2.3: digits"},
             {"example.com:+80", false, "RFC 3986 3.2.3: digits"},
             {"example.com:80:80", false, "RFC 3986 3.2.3"},
             {":80", false, "RFC 9110 4.2.1: http needs a host"},
             {"user@example.com", false, "RFC 9110 7.2: no userinfo"},
             {"user:pw@example.com", false, "RFC 9110 7.2: no userinfo"},
             {"http://example.com", false, "RFC 9110 7.2: no scheme"},
             {"example.com/", false, "RFC 9110 7.2: no path"},
             {"example.com?a", false, "RFC 9110 7.2: no query"},
             {"example.com#a", false, "RFC 9110 7.2: no fragment"},
             {"a, b", false, "RFC 9112 3.2: one host"},
             {"a b", false, "RFC 3986 3.2.2"},
             {"a\tb", false, "RFC 3986 3.2.2"},
             {"ex%61mple.com", false, "stricter than RFC 3986"},
             {"a;b", false, "stricter than RFC 3986"},
             {"a'b", false, "stricter than RFC 3986"},
             {"a\\b", false, "RFC 3986 3.2.2"},
             {"<script>", false, "RFC 3986 3.2.2"},
             {"caf\xc3\xa9.fr", false, "RFC 3986 2: ASCII only"},
             {"::1", false, "RFC 3986 3.2.2: brackets"},
             {"[::1", false, "RFC 3986 3.2.2: brackets"},
             {"::1]", false, "RFC 3986 3.2.2: brackets"},
             {"[]", false, "RFC 3986 3.2.2"},
             {"[127.0.0.1]", false, "RFC 3986 3.2.2"},
             {"[::1]80", false, "RFC 3986 3.2.3"},
             {"[::1]:", false, "a colon without a port"},
             {"[::1%25eth0]", false, "RFC 6874: a zone means nothing to others"},
             {"[v1.a]", false, "RFC 3986 3.2.2: no such version exists"},
             {"[::g]", false, "RFC 3986 3.2.2"},
         }) {
        CAPTURE(value, rule);
        auto const request =
            good_request("GET / HTTP/1.1\r\nHost: " + std::string{value} + "\r\n\r\n");
        CHECK(word_of(check_host(request->head)) == (good ? "none"sv : "malformed_host"sv));
    }
    auto const host_of = [](std::size_t size) {
        return "GET / HTTP/1.1\r\nHost: " + std::string(size, 'a') + "\r\n\r\n";
    };
    CHECK(check_host(good_request(host_of(255))->head) == cause::none);
    CHECK(check_host(good_request(host_of(256))->head) == cause::malformed_host);
}

TEST_CASE("HTTP/1.1 needs exactly one Host, HTTP/1.0 at most one", "[unit][http]") {
    auto const verdict = [](std::string_view text) {
        return word_of(check_host(good_request(text)->head));
    };
    CHECK(verdict("GET / HTTP/1.1\r\n\r\n") == "malformed_host");
    CHECK(verdict("GET / HTTP/1.0\r\n\r\n") == "none");
    CHECK(verdict("GET / HTTP/1.0\r\nHost: a b\r\n\r\n") == "malformed_host");
    CHECK(verdict("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == "malformed_host");
    CHECK(verdict("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n") == "malformed_host");
    CHECK(verdict("GET http://a/ HTTP/1.1\r\n\r\n") == "malformed_host");
}

TEST_CASE("an authority gives out its host and port", "[unit][http]") {
    authority_view out;
    REQUIRE(parse_authority("example.com", out));
    CHECK(out.host == "example.com");
    CHECK(out.port == 0);
    REQUIRE(parse_authority("[::1]:8443", out));
    CHECK(out.host == "[::1]");
    CHECK(out.port == 8443);
}

}  // namespace
}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::http {
namespace {

using namespace std::literals;

address16 address(std::string_view text) {
    address16 out;
    CAPTURE(text);
    REQUIRE(parse_address(text, out));
    return out;
}

std::string printed(address16 const& value) {
    std::array<char, address_text_max + 1> text;
    return std::string{print_address(value, text)};
}

TEST_CASE("an address is printed as RFC 5952 has it", "[unit][http]") {
    CHECK(printed(address("203.0.113.7")) == "203.0.113.7");
    CHECK(printed(address("::ffff:203.0.113.7")) == "203.0.113.7");
    CHECK(printed(address("2001:DB8:0:0::1")) == "2001:db8::1");
    CHECK(printed(address("::")) == "::");
    CHECK(printed(address("0.0.0.0")) == "0.0.0.0");
    CHECK(printed(address("9.10.99.100")) == "9.10.99.100");
    CHECK(printed(address("101.110.200.255")) == "101.110.200.255");
    CHECK(
        printed(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")) ==
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST_CASE("what is not exactly an address is none", "[unit][http]") {
    address16 out;
    for (std::string_view const text :
         {""sv, "1.2.3"sv, "1.2.3.4.5"sv, "1.2.3.256"sv, "01.2.3.4"sv, "1.2.3.4 "sv, " 1.2.3.4"sv,
          "0x1.2.3.4"sv, "1.2.3.4:80"sv, "[::1]"sv, "::1%eth0"sv, ":::"sv, "g::1"sv, "unknown"sv,
          "1.2.3.4\0"sv, "::1\0x"sv, "1234567890123456789012345678901234567890123456"sv}) {
        CAPTURE(text);
        CHECK_FALSE(parse_address(text, out));
    }
}

TEST_CASE("a range holds the addresses that share its prefix", "[unit][http]") {
    auto const holds = [](std::string_view network, int bits, std::string_view what) {
        address_range const range{address(network), static_cast<std::uint8_t>(bits)};
        return contains(range, address(what));
    };
    CHECK(holds("10.0.0.0", 104, "10.255.0.1"));
    CHECK_FALSE(holds("10.0.0.0", 104, "11.0.0.0"));
    CHECK(holds("172.16.0.0", 108, "172.31.255.255"));
    CHECK_FALSE(holds("172.16.0.0", 108, "172.32.0.0"));
    CHECK(holds("fc00::", 7, "fdff::1"));
    CHECK_FALSE(holds("fc00::", 7, "fe00::1"));
    CHECK(holds("::1", 128, "::1"));
    CHECK_FALSE(holds("::1", 128, "::2"));
    CHECK(holds("::", 0, "1.2.3.4"));
    CHECK_FALSE(holds("0.0.0.0", 96, "::1"));
}

TEST_CASE("the client is the rightmost address nobody trusted vouches for", "[unit][http]") {
    std::vector<address_range> const trusted{{address("10.0.0.0"), 104}, {address("::1"), 128}};
    struct row {
        std::string_view peer;
        std::string_view fields;
        std::string_view client;
        std::string_view rule;
    };
    for (auto const& [peer, fields, client, rule] : std::initializer_list<row>{
             {"1.1.1.1", "", "1.1.1.1", "no field"},
             {"10.0.0.1", "", "10.0.0.1", "no field"},
             {"1.1.1.1", "X-Forwarded-For: 2.2.2.2\r\n", "1.1.1.1", "the peer is not trusted"},
             {"10.0.0.1", "X-Forwarded-For: 2.2.2.2\r\n", "2.2.2.2", "the peer is trusted"},
             {"10.0.0.1", "X-Forwarded-For: 3.3.3.3, 2.2.2.2\r\n", "2.2.2.2", "3.3.3.3 is hearsay"},
             {"10.0.0.1", "X-Forwarded-For: 2.2.2.2, 10.0.0.9\r\n", "2.2.2.2", "two proxies"},
             {"10.0.0.1", "X-Forwarded-For: 10.0.0.7, 10.0.0.9\r\n", "10.0.0.7", "all trusted"},
             {"10.0.0.1", "X-Forwarded-For: 2.2.2.2\r\nX-Forwarded-For: 10.0.0.9\r\n", "2.2.2.2",
              "fields make one list"},
             {"10.0.0.1", "X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-For: 2.2.2.2\r\n", "2.2.2.2",
              "fields make one list"},
             {"10.0.0.1", "X-Forwarded-For: 2.2.2.2:8080\r\n", "2.2.2.2", "with a port"},
             {"10.0.0.1", "X-Forwarded-For: [2001:db8::1]:80\r\n", "2001:db8::1", "with a port"},
             {"10.0.0.1", "X-Forwarded-For: [2001:db8::1]\r\n", "2001:db8::1", "with brackets"},
             {"::1", "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1", "IPv6"},
             {"10.0.0.1", "X-Forwarded-For: unknown\r\n", "10.0.0.1", "no address"},
             {"10.0.0.1", "X-Forwarded-For: 2.2.2.2, junk, 10.0.0.9\r\n", "10.0.0.9", "junk ends"},
             {"10.0.0.1", "X-Forwarded-For: 2.2.2.2,\r\n", "10.0.0.1", "an empty entry ends it"},
             {"10.0.0.1", "X-Forwarded-For:\r\n", "10.0.0.1", "empty"},
             {"10.0.0.1", "X-Forwarded-For: 2.2.2.2:99999\r\n", "10.0.0.1", "no such port"},
             {"10.0.0.1", "X-Forwarded-For: [2.2.2.2]\r\n", "10.0.0.1", "brackets are for IPv6"},
             {"10.0.0.1", "X-Forwarded-For: [::2\r\n", "10.0.0.1", "brackets that do not end"},
         }) {
        CAPTURE(peer, fields, rule);
        auto const request =
            good_request("GET / HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n");
        CHECK(printed(client_address(request->head, address(peer), trusted)) == client);
    }
}

}  // namespace
}  // namespace gateway::http

// SPDX-License-Identifier: Apache-2.0
#include "proxy/balance_key.hpp"

#include "http/head_parser.hpp"
#include "upstream/hash.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace gateway;
using proxy::choice_key;
using proxy::key_of;

namespace {

// A request as the exchange knows it.
struct request {
    explicit request(
        std::string const& fields, std::string const& target_text = "/a/../b?x=1&k=v&k=w")
        : text("GET " + target_text + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n"),
          scratch(target_text.size(), '\0') {
        http::request_parser parser;
        REQUIRE(parser.parse(text, {}, *head) == http::parse_step::complete);
        REQUIRE(http::parse_target(*head, scratch, target) == cause::none);
    }
    std::string text;
    std::string scratch;
    std::unique_ptr<http::request_head> head = std::make_unique<http::request_head>();
    http::target_view target;
};

http::address16 const client{1, 2, 3};

std::uint64_t hash_on(settings::hash_part part, std::string const& name, request const& from) {
    settings::balance how;
    how.method = settings::balance_method::hash;
    how.hash_on = {part, name};
    return key_of(how, *from.head, from.target, client).hash;
}

}  // namespace

TEST_CASE("the key is the hash of what the setting names", "[unit][balance_key]") {
    using enum settings::hash_part;
    request const from{"X-User: u\r\nCookie: a=1; k=\"q\"\r\ncookie: late=2;k=no\r\n"};
    CHECK(hash_on(header, "x-user", from) == upstream::hash_of("u"));
    CHECK(hash_on(cookie, "a", from) == upstream::hash_of("1"));
    CHECK(hash_on(cookie, "k", from) == upstream::hash_of("\"q\""));
    CHECK(hash_on(cookie, "late", from) == upstream::hash_of("2"));
    CHECK(hash_on(query, "k", from) == upstream::hash_of("v"));
    CHECK(hash_on(path, "", from) == upstream::hash_of("/b"));
    auto const by_client = hash_on(client_address, "", from);
    for (auto const part : {header, cookie, query}) {
        CHECK(hash_on(part, "missing", from) == by_client);
        CHECK(hash_on(part, "X", from) == by_client);
    }
}

TEST_CASE("names of cookies and parameters are whole and exact", "[unit][balance_key]") {
    request const from{"Cookie: xk=1; K=2;  k=3 ;k\r\n", "/?xk=1&K=2&k=3"};
    CHECK(proxy::cookie_of(*from.head, "k") == "3");
    CHECK(proxy::parameter_of(from.target.query, "k") == "3");
    CHECK(proxy::cookie_of(*from.head, "") == "");
    CHECK(proxy::parameter_of("", "k") == "");
    CHECK(proxy::parameter_of("&&k&k=", "k") == "");
}

TEST_CASE("a sticky cookie is read as it was written", "[unit][balance_key]") {
    settings::balance how;
    how.method = settings::balance_method::sticky_cookie;
    how.cookie = "node";
    std::array<char, proxy::sticky_field_max> out;
    std::uint64_t const identity = 0x0123456789abcdef;
    CHECK(
        proxy::sticky_field(how, identity, out) ==
        "node=0123456789abcdef; Path=/; HttpOnly; SameSite=Lax");
    auto const [value, sticky] = GENERATE(table<std::string, std::uint64_t>(
        {{"0123456789abcdef", 0x0123456789abcdef},
         {"0123456789ABCDEF", 0x0123456789abcdef},
         {"123456789abcdef", 0},
         {"00123456789abcdef", 0},
         {"0123456789abcdeg", 0},
         {"-123456789abcdef", 0},
         {"", 0}}));
    CAPTURE(value);
    request const from{"Cookie: node=" + value + "\r\n"};
    CHECK(key_of(how, *from.head, from.target, client).sticky == sticky);
}

TEST_CASE("the longest cookie fits", "[unit][balance_key]") {
    settings::balance how;
    how.cookie = std::string(64, 'n');
    how.cookie_secure = true;
    how.cookie_max_age = 8'760h;
    std::array<char, proxy::sticky_field_max> out;
    auto const text = proxy::sticky_field(how, ~std::uint64_t{0}, out);
    CHECK(text.ends_with("; Secure; Max-Age=31536000"));
    CHECK(text.size() <= out.size());
}

TEST_CASE("a method without a key costs none", "[unit][balance_key]") {
    request const from{"Cookie: gateway_endpoint=0123456789abcdef\r\n"};
    choice_key const key = key_of({}, *from.head, from.target, client);
    CHECK(key.hash == 0);
    CHECK(key.sticky == 0);
}

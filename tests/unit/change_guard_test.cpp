// SPDX-License-Identifier: Apache-2.0
// Who may change something through the admin listener.
#include "admin/change_guard.hpp"

#include "admin/admin_request.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway;
using admin::admin_request;
using admin::change_guard;

namespace {

change_guard on(std::string const& host, std::string const& token = "") {
    settings::admin wanted;
    wanted.address = {host, 9113};
    wanted.token = token;
    return change_guard{wanted};
}

unsigned status(change_guard const& guard, admin_request const& asked) {
    auto const refused = guard.refuse(asked);
    return refused ? refused->status : 200;
}

admin_request from(std::string_view host) {
    return {.method = "POST", .path = "/log", .host = host};
}

}  // namespace

TEST_CASE("on loopback whoever names loopback may", "[unit][admin]") {
    for (auto const* address : {"127.0.0.1", "127.1.2.3", "::1"}) {
        CAPTURE(address);
        for (auto const* host :
             {"127.0.0.1:9113", "localhost:9113", "LOCALHOST", "[::1]:9113", "127.9.9.9"}) {
            CAPTURE(host);
            CHECK(status(on(address), from(host)) == 200);
        }
        for (auto const* host :
             {"", "evil.example:9113", "127.evil.example", "127.0.0.1.evil.example:9113",
              "localhost.evil.example", "10.0.0.1", "[::2]:9113", "[::1", "0.0.0.0"}) {
            CAPTURE(host);
            CHECK(status(on(address), from(host)) == 403);
        }
    }
}

TEST_CASE("elsewhere nobody may without a token", "[unit][admin]") {
    for (auto const* address : {"", "0.0.0.0", "10.0.0.7", "::", "128.0.0.1"}) {
        CAPTURE(address);
        CHECK(status(on(address), from("127.0.0.1")) == 403);
        CHECK(on(address).rule() == admin::change_rule::refused);
    }
}

TEST_CASE("a token decides alone, whatever the address", "[unit][admin]") {
    std::string const token = "0123456789abcdef";
    for (auto const* address : {"127.0.0.1", "0.0.0.0"}) {
        auto const guard = on(address, token);
        auto asked = from("gateway.internal:9113");
        CHECK(status(guard, asked) == 401);
        for (auto const* good :
             {"Bearer 0123456789abcdef", "bearer 0123456789abcdef", "Bearer  0123456789abcdef"}) {
            asked.authorization = good;
            CHECK(status(guard, asked) == 200);
        }
        for (auto const* bad :
             {"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
              "Basic 0123456789abcdef", "0123456789abcdef", "Bearer 0123456789abcdeF",
              "Bearer 0123456789abcdef0123456789abcdef"}) {
            CAPTURE(bad);
            asked.authorization = bad;
            CHECK(status(guard, asked) == 401);
        }
    }
}

TEST_CASE("browsers say where a request comes from, and elsewhere is refused", "[unit][admin]") {
    auto const guard = on("127.0.0.1");
    auto asked = from("127.0.0.1:9113");
    for (auto const* own : {"http://127.0.0.1:9113", "https://127.0.0.1:9113"}) {
        asked.origin = own;
        CHECK(status(guard, asked) == 200);
    }
    for (auto const* other :
         {"null", "http://127.0.0.1:9114", "http://127.0.0.1", "127.0.0.1:9113",
          "http://evil.example", "file://"}) {
        CAPTURE(other);
        asked.origin = other;
        CHECK(status(guard, asked) == 403);
    }
    asked.origin = {};
    for (auto const* other : {"cross-site", "same-site", "none", "anything"}) {
        CAPTURE(other);
        asked.fetch_site = other;
        CHECK(status(guard, asked) == 403);
    }
    asked.fetch_site = "same-origin";
    CHECK(status(guard, asked) == 200);
    // Not even with the token.
    asked.authorization = "Bearer 0123456789abcdef";
    asked.origin = "http://evil.example";
    CHECK(status(on("127.0.0.1", "0123456789abcdef"), asked) == 403);
}

TEST_CASE("secrets are compared whole", "[unit][admin]") {
    CHECK(admin::equal_in_constant_time("abc", "abc"));
    CHECK(!admin::equal_in_constant_time("abcabc", "abc"));
    CHECK(!admin::equal_in_constant_time("", ""));
    CHECK(!admin::equal_in_constant_time("", "abc"));
    CHECK(!admin::equal_in_constant_time("abd", "abc"));
}

TEST_CASE("parameters of a query are read as forms write them", "[unit][admin]") {
    admin_request asked{
        .method = "GET", .path = "/", .query = "a=1&b=x%20y+z&c&d=%2&a=2&e=%41=%42"};
    CHECK(asked.parameter("a") == "1");
    CHECK(asked.parameter("b") == "x y z");
    CHECK(asked.parameter("c") == "");
    CHECK(!asked.parameter("d"));
    CHECK(asked.parameter("e") == "A=B");
    CHECK(!asked.parameter("f"));
}

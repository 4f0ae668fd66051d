// SPDX-License-Identifier: Apache-2.0
#include "base/ascii.hpp"
#include "http/fields.hpp"
#include "http/hop_by_hop.hpp"
#include "http/methods.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace gateway::http {
namespace {

template <class Visit>
void for_each_named_field(Visit visit) {
    for (std::size_t i = 0; i < field_id_count; ++i) {
        auto const id = static_cast<field_id>(i);
        if (!name_of(id).empty()) visit(id, std::string{name_of(id)});
    }
}

TEST_CASE("a field is known by its name in any case", "[unit][http]") {
    int known = 0;
    for_each_named_field([&](field_id id, std::string name) {
        CAPTURE(name);
        ++known;
        CHECK(id_of(name) == id);
        std::transform(name.begin(), name.end(), name.begin(), ascii::lower);
        CHECK(id_of(name) == id);
        std::transform(name.begin(), name.end(), name.begin(), [](char c) {
            return ascii::is_alpha(c) ? static_cast<char>(c - 0x20) : c;
        });
        CHECK(id_of(name) == id);
    });
    CHECK(known == field_id_count - 4);  // "other", "alias" and the two families have no name
}

// What a name becomes whose byte `at` is now `c`.
field_id nearest_to(std::string_view name, std::size_t at, char c) {
    bool const joins = !ascii::is_alpha(c) && !ascii::is_digit(c);
    if (name[at] == '-' && joins) return field_id::alias;
    if (name.starts_with("Proxy-") && at > 5) return field_id::proxy_other;
    if (name.starts_with("X-Forwarded-") && at > 11) return field_id::x_forwarded_other;
    return field_id::other;
}

TEST_CASE("a name that differs in one byte is another field", "[unit][http]") {
    for_each_named_field([](field_id, std::string const& name) {
        for (std::size_t i = 0; i < name.size(); ++i) {
            for (char const c : {'q', 'Z', '0', '!', '.', '~', '^', '`', '|'}) {
                auto other = name;
                if (ascii::lower(other[i]) == ascii::lower(c)) continue;
                other[i] = c;
                CAPTURE(other);
                CHECK(id_of(other) == nearest_to(name, i, c));
            }
        }
        bool const family = name.starts_with("Proxy-") || name.starts_with("X-Forwarded-");
        if (!family) CHECK(id_of(name + "x") == field_id::other);
        CHECK(id_of(name.substr(1)) == field_id::other);
    });
    CHECK(id_of("") == field_id::other);
    CHECK(id_of("X-Custom") == field_id::other);
    CHECK(id_of(std::string(1000, 'a')) == field_id::other);
    CHECK(id_of(std::string(1000, '_')) == field_id::other);
}

TEST_CASE("a name with underscores that CGI cannot tell from ours is an alias", "[unit][http]") {
    CHECK(id_of("X_Forwarded_For") == field_id::alias);
    CHECK(id_of("x-forwarded_for") == field_id::alias);
    CHECK(id_of("CONTENT_LENGTH") == field_id::alias);
    CHECK(id_of("Transfer_Encoding") == field_id::alias);
    CHECK(id_of("X_Real_IP") == field_id::alias);
    CHECK(id_of("X.Forwarded.For") == field_id::alias);
    CHECK(id_of("Proxy_Evil") == field_id::alias);
    CHECK(id_of("X_Forwarded_" + std::string(200, 'a')) == field_id::alias);
    CHECK(id_of("X_Custom") == field_id::other);
    CHECK(id_of("_Host") == field_id::other);
}

TEST_CASE("every Proxy-* and every X-Forwarded-* is of its family", "[unit][http]") {
    for (std::string_view const name :
         {"Proxy", "PROXY", "Proxy-", "proxy-features", "Proxy-Authorisation", "Proxy-A_b"}) {
        CAPTURE(name);
        CHECK(id_of(name) == field_id::proxy_other);
        CHECK(is_hop_by_hop(id_of(name)));
    }
    for (std::string_view const name :
         {"X-Forwarded-", "x-forwarded-client-cert", "X-Forwarded-User", "X-Forwarded-Fo",
          "X-Forwarded-A.b", "X-Forwarded-Ssl-But-Much-Longer-Than-Any-Name-That-Is-Listed"}) {
        CAPTURE(name);
        CHECK(id_of(name) == field_id::x_forwarded_other);
        CHECK(is_forwarding(id_of(name)));
    }
    for (std::string_view const name :
         {"Prox", "Proxies", "Proxya", "xProxy", "X-Forwarded", "X-Forwardedfor", "X-Forward-For",
          "P", "X"}) {
        CAPTURE(name);
        CHECK(id_of(name) != field_id::proxy_other);
        CHECK(id_of(name) != field_id::x_forwarded_other);
    }
}

TEST_CASE("the fields that tell about the client are known as forwarding", "[unit][http]") {
    for_each_named_field([](field_id id, std::string const& name) {
        CAPTURE(name);
        bool const forwarding =
            name.starts_with("X-Forwarded") || name == "Forwarded" || name == "X-Real-IP";
        CHECK(is_forwarding(id) == forwarding);
    });
}

TEST_CASE("hop-by-hop fields are those of RFC 9110 7.6.1 and the proxy's own", "[unit][http]") {
    std::string found;
    for_each_named_field([&](field_id id, std::string const& name) {
        if (is_hop_by_hop(id)) found += name + ' ';
    });
    CHECK(
        found ==
        "Connection HTTP2-Settings Keep-Alive Proxy-Authenticate Proxy-Authentication-Info "
        "Proxy-Authorization Proxy-Connection TE Trailer Transfer-Encoding Upgrade ");
}

TEST_CASE("methods are known by their exact names", "[unit][http]") {
    for (std::size_t i = 0; i + 1 < method_count; ++i) {
        auto const value = static_cast<method>(i);
        CHECK(method_of(text_of(value)) == value);
    }
    for (std::string_view const text : {"", "get", "GETS", "Post", "PURGE", "DELETED", "HEAX"}) {
        CAPTURE(text);
        CHECK(method_of(text) == method::other);
    }
    CHECK(is_safe(method::get));
    CHECK_FALSE(is_safe(method::del));
    CHECK(is_idempotent(method::del));
    CHECK(is_idempotent(method::put));
    CHECK_FALSE(is_idempotent(method::post));
    CHECK_FALSE(is_idempotent(method::patch));
    CHECK_FALSE(is_idempotent(method::connect));
    CHECK_FALSE(is_idempotent(method::other));
}

}  // namespace
}  // namespace gateway::http

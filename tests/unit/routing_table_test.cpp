// SPDX-License-Identifier: Apache-2.0
#include "routing/table.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::routing {
namespace {

struct rule {
    std::string name;
    std::string host = "";
    std::string path = "";
    std::string prefix = "";
    std::vector<std::string> methods = {};
};

// A table, and the names of its routes to print.
class fixture {
public:
    explicit fixture(std::vector<rule> const& rules) : settings_{settings_of(rules)} {}

    // The route's name, "no route", or "allow: " and the methods.
    std::string find(
        std::string_view host, std::string_view path, std::string_view method = "GET") {
        auto const found = table_.find(host, path, http::method_of(method), method);
        if (found.outcome == outcome::found) return settings_.routes[found.route].name;
        if (found.outcome == outcome::no_route) return "no route";
        return "allow: " + std::string{found.allow};
    }

    std::string allowed(std::string_view path) const {
        return std::string{table_.allowed("h", path)};
    }
    std::string allowed_somewhere() const { return std::string{table_.allowed_somewhere()}; }

private:
    static settings::snapshot settings_of(std::vector<rule> const& rules) {
        settings::snapshot settings;
        for (auto const& one : rules) {
            auto& route = settings.routes.emplace_back();
            route.name = one.name;
            route.host = one.host;
            route.path = one.path;
            route.prefix = one.prefix;
            route.methods = one.methods;
        }
        return settings;
    }

    settings::snapshot settings_;
    table table_{settings_};
};

TEST_CASE("the longest prefix wins and ends at a slash", "[unit][routing]") {
    fixture routes{{
        {.name = "root", .prefix = "/"},
        {.name = "api", .prefix = "/api/"},
        {.name = "v1", .prefix = "/api/v1"},
        {.name = "uploads", .prefix = "/uploads/"},
        {.name = "apple", .prefix = "/apple"},
    }};
    CHECK(routes.find("h", "/") == "root");
    CHECK(routes.find("h", "/index.html") == "root");
    CHECK(routes.find("h", "/api/") == "api");
    CHECK(routes.find("h", "/api/users") == "api");
    CHECK(routes.find("h", "/api") == "root");
    CHECK(routes.find("h", "/apix") == "root");
    CHECK(routes.find("h", "/api/v1") == "v1");
    CHECK(routes.find("h", "/api/v1/") == "v1");
    CHECK(routes.find("h", "/api/v1/x") == "v1");
    CHECK(routes.find("h", "/api/v1x") == "api");
    CHECK(routes.find("h", "/api/v10") == "api");
    CHECK(routes.find("h", "/apple") == "apple");
    CHECK(routes.find("h", "/apple/pie") == "apple");
    CHECK(routes.find("h", "/apples") == "root");
    CHECK(routes.find("h", "/API/") == "root");
    CHECK(routes.find("h", "/uploads/a/b/c") == "uploads");
}

TEST_CASE("an exact path beats every prefix", "[unit][routing]") {
    fixture routes{{
        {.name = "below", .prefix = "/health"},
        {.name = "health", .path = "/health"},
        {.name = "deep", .prefix = "/health/deep/"},
    }};
    CHECK(routes.find("h", "/health") == "health");
    CHECK(routes.find("h", "/health/") == "below");
    CHECK(routes.find("h", "/health/x") == "below");
    CHECK(routes.find("h", "/health/deep/") == "deep");
    CHECK(routes.find("h", "/healthy") == "no route");
    CHECK(routes.find("h", "/") == "no route");
}

TEST_CASE("a host beats a wildcard, and that beats every host", "[unit][routing]") {
    fixture routes{{
        {.name = "every", .prefix = "/"},
        {.name = "wild", .host = "*.example.com", .prefix = "/"},
        {.name = "wilder", .host = "*.b.example.com", .prefix = "/"},
        {.name = "www", .host = "WWW.example.com", .prefix = "/"},
        {.name = "v6", .host = "[::1]", .prefix = "/"},
        {.name = "every api", .prefix = "/api/"},
    }};
    CHECK(routes.find("www.example.com", "/") == "www");
    CHECK(routes.find("www.EXAMPLE.com:8080", "/") == "www");
    CHECK(routes.find("www.example.com.", "/") == "www");
    CHECK(routes.find("www.example.com.:80", "/") == "www");
    CHECK(routes.find("a.example.com", "/") == "wild");
    CHECK(routes.find("x.a.example.com", "/") == "wild");
    CHECK(routes.find("x.b.example.com", "/") == "wilder");
    CHECK(routes.find("b.example.com", "/") == "wild");
    CHECK(routes.find("example.com", "/") == "every");
    CHECK(routes.find(".example.com", "/") == "every");
    CHECK(routes.find("badexample.com", "/") == "every");
    CHECK(routes.find("www.example.com.evil", "/") == "every");
    CHECK(routes.find("[::1]:8080", "/") == "v6");
    CHECK(routes.find("[::1]", "/") == "v6");
    CHECK(routes.find("", "/") == "every");
    CHECK(routes.find(std::string(300, 'a').append(".example.com"), "/") == "every");
    // The host is the first question, so its "/" beats a longer prefix of every host.
    CHECK(routes.find("www.example.com", "/api/x") == "www");
}

TEST_CASE("a host without a path that matches is passed by", "[unit][routing]") {
    fixture routes{{
        {.name = "every", .prefix = "/"},
        {.name = "admin", .host = "a.example.com", .prefix = "/admin/"},
        {.name = "wild", .host = "*.example.com", .prefix = "/assets/"},
    }};
    CHECK(routes.find("a.example.com", "/admin/x") == "admin");
    CHECK(routes.find("a.example.com", "/assets/x") == "wild");
    CHECK(routes.find("a.example.com", "/") == "every");
}

TEST_CASE("a route for the method beats one for all methods", "[unit][routing]") {
    fixture routes{{
        {.name = "any", .prefix = "/a/"},
        {.name = "write", .prefix = "/a/", .methods = {"POST", "PUT"}},
        {.name = "purge", .prefix = "/a/", .methods = {"PURGE"}},
    }};
    CHECK(routes.find("h", "/a/", "GET") == "any");
    CHECK(routes.find("h", "/a/", "POST") == "write");
    CHECK(routes.find("h", "/a/", "PUT") == "write");
    CHECK(routes.find("h", "/a/", "PURGE") == "purge");
    CHECK(routes.find("h", "/a/", "LOCK") == "any");
}

TEST_CASE("the path decides alone which methods are allowed", "[unit][routing]") {
    fixture routes{{
        {.name = "every", .prefix = "/"},
        {.name = "read", .prefix = "/r/", .methods = {"GET"}},
        {.name = "write", .prefix = "/w/", .methods = {"PUT", "POST", "PURGE"}},
        {.name = "get", .path = "/both", .methods = {"GET"}},
        {.name = "head", .path = "/both", .methods = {"HEAD"}},
    }};
    CHECK(routes.find("h", "/r/", "GET") == "read");
    CHECK(routes.find("h", "/r/", "HEAD") == "read");
    CHECK(routes.find("h", "/r/", "POST") == "allow: GET, HEAD");
    CHECK(routes.find("h", "/r/", "get") == "allow: GET, HEAD");
    CHECK(routes.find("h", "/w/", "GET") == "allow: POST, PUT, PURGE");
    CHECK(routes.find("h", "/w/", "LOCK") == "allow: POST, PUT, PURGE");
    CHECK(routes.find("h", "/both", "HEAD") == "head");
    CHECK(routes.find("h", "/both", "GET") == "get");
    CHECK(routes.find("h", "/", "DELETE") == "every");
}

TEST_CASE("a table without routes has none", "[unit][routing]") {
    CHECK(fixture{{}}.find("h", "/") == "no route");
}

TEST_CASE("a thousand random routes are found as by looking at each", "[unit][routing]") {
    std::mt19937 random{5};
    constexpr std::array<std::string_view, 6> words{"a", "b", "ab", "a-", "aa", "a.b"};
    auto const random_path = [&](std::size_t depth_max) {
        std::string path;
        for (auto depth = random() % (depth_max + 1); depth-- > 0;) {
            path.append("/").append(words[random() % words.size()]);
        }
        if (path.empty() || random() % 2) path += '/';
        return path;
    };
    std::vector<rule> rules;
    for (int i = 0; i < 1000; ++i) {
        bool const exact = random() % 4 == 0;
        auto path = random_path(5);
        rules.push_back(
            {.name = (exact ? "=" : "") + path,
             .path = exact ? path : "",
             .prefix = exact ? "" : path});
    }
    auto const by_looking = [&](std::string_view path) {
        std::string best = "no route";
        std::size_t size = 0;
        for (auto const& one : rules) {
            if (!one.path.empty() && one.path == path) return one.name;
            auto const& prefix = one.prefix;
            bool const below = !prefix.empty() && path.starts_with(prefix) &&
                               (prefix.ends_with('/') || path.size() == prefix.size() ||
                                path[prefix.size()] == '/');
            if (below && prefix.size() > size) {
                best = one.name;
                size = prefix.size();
            }
        }
        return best;
    };
    fixture routes{rules};
    for (int i = 0; i < 3000; ++i) {
        auto const path = random_path(7);
        CAPTURE(path);
        REQUIRE(routes.find("h", path) == by_looking(path));
    }
}

TEST_CASE("TRACE has to be named", "[unit][routing]") {
    fixture routes{{
        {.name = "all", .prefix = "/"},
        {.name = "traced", .prefix = "/traced/", .methods = {"TRACE"}},
        {.name = "others", .prefix = "/traced/"},
    }};
    CHECK(routes.find("h", "/", "OPTIONS") == "all");
    CHECK(routes.find("h", "/", "TRACE") == "allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    CHECK(routes.find("h", "/traced/", "TRACE") == "traced");
    CHECK(routes.find("h", "/traced/", "GET") == "others");
}

TEST_CASE("a table says which methods it takes", "[unit][routing]") {
    fixture const some{{
        {.name = "read", .prefix = "/", .methods = {"GET"}},
        {.name = "purge", .prefix = "/cache/", .methods = {"PURGE", "GET"}},
    }};
    CHECK(some.allowed("/") == "GET, HEAD");
    CHECK(some.allowed("/cache/x") == "GET, HEAD, PURGE");
    CHECK(some.allowed_somewhere() == "GET, PURGE, OPTIONS");
    fixture const all{{{.name = "a", .prefix = "/a/"}}};
    CHECK(all.allowed("/a/") == "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    CHECK(all.allowed("/b/").empty());
    CHECK(all.allowed_somewhere() == "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
}

}  // namespace
}  // namespace gateway::routing

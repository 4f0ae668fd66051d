// SPDX-License-Identifier: Apache-2.0
// The test of the tests: each rule fires on what it forbids and is silent on what it allows.
#include "tidy/rules.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace gateway::tidy {
namespace {

std::string const licence = "// SPDX-License-Identifier: Apache-2.0\n";

TEST_CASE("including a higher floor is reported with both floors", "[tidy][rules]") {
    auto const file = make_file("gateway/proxy/x.cpp", "#include \"admin/y.hpp\"\n");
    CHECK(climbs_floors(file) == findings{"proxy/x.cpp:1 includes admin/y.hpp (4 -> 5)"});
}

TEST_CASE("rooms of one floor may not include each other", "[tidy][rules]") {
    auto const file = make_file("gateway/http/x.hpp", "\n#include \"settings/y.hpp\"\n");
    CHECK(climbs_floors(file) == findings{"http/x.hpp:2 includes settings/y.hpp (1 -> 1)"});
}

TEST_CASE("an include outside the floors and a room without one are reported", "[tidy][rules]") {
    CHECK(
        climbs_floors(make_file("gateway/net/x.cpp", "#include \"x.hpp\"\n")) ==
        findings{"net/x.cpp:1 includes x.hpp (3 -> no floor)"});
    CHECK(
        climbs_floors(make_file("gateway/misc/x.cpp", "")) ==
        findings{"gateway/misc/x.cpp is in a room without a floor"});
}

TEST_CASE("lower floors and the own room may be included", "[tidy][rules]") {
    auto const text = "#include \"proxy/y.hpp\"\n#include \"base/error.hpp\"\n#include <map>\n";
    CHECK(climbs_floors(make_file("gateway/proxy/x.cpp", text)).empty());
    CHECK(climbs_floors(make_file("tests/unit/x.cpp", text)).empty());
}

TEST_CASE("a library is included through its door only", "[tidy][rules]") {
    auto const [path, header, allowed] = GENERATE(table<std::string, std::string, bool>({
        {"gateway/settings/load.cpp", "yaml-cpp/yaml.h", true},
        {"gateway/app/run.cpp", "yaml-cpp/yaml.h", false},
        {"gateway/admin/metrics_page.cpp", "prometheus/registry.h", true},
        {"gateway/admin/metrics_page.hpp", "prometheus/registry.h", false},
        {"gateway/observe/log.cpp", "spdlog/spdlog.h", true},
        {"gateway/proxy/session.cpp", "spdlog/spdlog.h", false},
        {"gateway/app/command_line.cpp", "CLI/CLI.hpp", true},
        {"gateway/app/main.cpp", "CLI/CLI.hpp", false},
        {"gateway/net/tls.cpp", "openssl/ssl.h", true},
        {"gateway/http/x.cpp", "openssl/ssl.h", false},
        {"gateway/runtime/core.cpp", "boost/asio/io_context.hpp", true},
        {"gateway/proxy/session.cpp", "boost/asio.hpp", false},
        {"gateway/net/beast_sources.cpp", "boost/beast/src.hpp", true},
        {"gateway/net/listener.cpp", "boost/beast/core.hpp", false},
        {"tests/wire/x.cpp", "boost/beast/core.hpp", true},
    }));
    CAPTURE(path, header);
    auto const found = enters_by_another_door(make_file(path, "#include <" + header + ">\n"));
    CHECK(found.empty() == allowed);
}

TEST_CASE("banned words are found in code and passed over in comments", "[tidy][rules]") {
    auto const [path, code, allowed] = GENERATE(table<std::string, std::string, bool>({
        {"gateway/proxy/x.hpp", "std::mutex guard_;", false},
        {"gateway/upstream/x.hpp", "std::shared_ptr<int> a;", false},
        {"gateway/proxy/x.cpp", "std::function<void()> f;", false},
        {"gateway/observe/x.hpp", "std::mutex guard_;", true},
        {"gateway/routing/x.cpp", "auto t = std::chrono::steady_clock::now();", false},
        {"gateway/http/x.cpp", "auto t = clock::now();", false},
        {"gateway/net/x.cpp", "auto t = clock::now();", true},
        {"gateway/demo/x.cpp", "reply.prepare_payload();", false},
        {"gateway/proxy/x.cpp", "if (!co_await f()) return;", false},
        {"gateway/proxy/x.cpp", "auto x = a ? co_await f() : co_await g();", false},
        {"gateway/proxy/x.cpp", "auto const x = co_await f();", true},
        {"gateway/proxy/x.cpp", "f();  // a std::mutex would wait here", true},
        {"gateway/proxy/x.cpp", "f(\"std::mutex\");", true},
        {"gateway/proxy/x.cpp", "/* no\n std::mutex */ f();", true},
        {"gateway/proxy/x.cpp", "auto n = 1'000; std::mutex m; auto c = 'x';", false},
    }));
    CAPTURE(path, code);
    CHECK(says_banned_words(make_file(path, code + "\n")).empty() == allowed);
}

TEST_CASE("the 401st line is one too many", "[tidy][rules]") {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "\n";
    CHECK(is_too_long(make_file("gateway/base/x.cpp", text)).empty());
    CHECK(is_too_long(make_file("gateway/base/x.cpp", text + "\n")).size() == 1);
}

TEST_CASE("columns are characters, and the 101st is one too many", "[tidy][rules]") {
    std::string line;
    for (int i = 0; i < 100; ++i) line += "\xc3\xa9";  // e acute: two bytes, one column
    CHECK(is_too_wide(make_file("x.cpp", line + "\n")).empty());
    CHECK(is_too_wide(make_file("x.cpp", line + "x\n")) == findings{"x.cpp:1 has 101 columns"});
}

TEST_CASE("a file without licence or guard is reported", "[tidy][rules]") {
    CHECK(lacks_licence(make_file("x.cpp", "#include <map>\n")).size() == 1);
    CHECK(lacks_licence(make_file("x.cpp", "")).size() == 1);
    CHECK(lacks_licence(make_file("x.cpp", licence)).empty());
    CHECK(lacks_include_guard(make_file("x.hpp", licence)).size() == 1);
    CHECK(lacks_include_guard(make_file("x.hpp", licence + "#pragma once\n")).empty());
    CHECK(lacks_include_guard(make_file("x.cpp", licence)).empty());
}

TEST_CASE("a note about work left undone is reported", "[tidy][rules]") {
    CHECK(
        is_unfinished(make_file(
                          "x.md",
                          "later\n// TO"
                          "DO later\n"))
            .size() == 1);
    CHECK(
        is_unfinished(make_file(
                          "x.cpp",
                          "// FIX"
                          "ME\n"))
            .size() == 1);
    CHECK(is_unfinished(make_file("x.cpp", "// done\n")).empty());
}

TEST_CASE("folders of one machine and registry hosts are reported", "[tidy][rules]") {
    CHECK(
        names_one_machine(make_file(
                              "x.sh",
                              "cd /wo"
                              "rk/main\n"))
            .size() == 1);
    CHECK(
        names_one_machine(make_file(
                              "x.sh",
                              "ls /tmp/"
                              "b-me\n"))
            .size() == 1);
    CHECK(
        names_one_machine(make_file(
                              "x.json",
                              "\"resol"
                              "ved\": \"https://a\"\n"))
            .size() == 1);
    CHECK(names_one_machine(make_file("x.sh", "mktemp -d\n")).empty());
}

TEST_CASE("a package list gives its names without sections and comments", "[tidy][rules]") {
    auto const list = make_file("deploy/packages.txt", "# a\n\n[run]\nlibfoo1\nnodejs   node\n");
    CHECK(packages_of(list) == std::vector<std::string>{"libfoo1", "nodejs"});
}

TEST_CASE("package names beside the list are reported", "[tidy][rules]") {
    std::vector<std::string> const packages{"libfoo-dev", "bar-dev", "curl"};
    auto const fires = [&](char const* path, char const* text) {
        return !names_packages(make_file(path, text), packages).empty();
    };
    CHECK(fires("Dockerfile", "RUN x libfoo-dev\n"));
    CHECK(fires(".ci/run", "x bar-dev y\n"));
    CHECK(fires(
        "Makefile",
        "\tapt-get "
        "install x\n"));
    CHECK_FALSE(fires("Makefile", "\tcurl x; libfoo-device\n"));
    CHECK_FALSE(fires("README.md", "libfoo-dev\n"));
    CHECK_FALSE(fires("deploy/packages.txt", "libfoo-dev\n"));
}

}  // namespace
}  // namespace gateway::tidy

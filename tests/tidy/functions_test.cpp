// SPDX-License-Identifier: Apache-2.0
#include "tidy/functions.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace gateway::tidy {
namespace {

// "name:line+lines" of each function, which reads well when it differs.
std::vector<std::string> extents(std::string const& text) {
    std::vector<std::string> all;
    for (auto const& [name, line, lines] : functions_of(make_file("x.cpp", text))) {
        all.push_back(name + ":" + std::to_string(line) + "+" + std::to_string(lines));
    }
    return all;
}

using names = std::vector<std::string>;

TEST_CASE("a function is measured from brace to brace", "[tidy][functions]") {
    CHECK(extents("int f(\n    int a) {\n    if (a) {\n    }\n}\n") == names{"f:2+4"});
    CHECK(extents("namespace a {\nvoid g() noexcept {}\n}\n") == names{"g:2+1"});
    CHECK(extents("auto h(int a) -> std::vector<int> {\n}\n") == names{"h:1+2"});
    CHECK(extents("TEST_CASE(\"a { b\", \"[c]\") {\n}\n") == names{"TEST_CASE:1+2"});
}

TEST_CASE("members are found within their class, whatever its head says", "[tidy][functions]") {
    CHECK(
        extents("template <class T>\nclass a final : public b<T> {\npublic:\n"
                "    int f() const {\n    }\n    int g() const;\n};\n") == names{"f:4+2"});
    CHECK(extents("template <class T>\nvoid a::f(T t) {\n}\n") == names{"a::f:2+2"});
}

TEST_CASE("a constructor's body is told from its initialisers", "[tidy][functions]") {
    CHECK(
        extents("a::a(int x)\n    : x_{x}, y_{\n        x} {\n    f();\n}\n") == names{"a::a:3+3"});
    CHECK(extents("a::a(int x) : b(x) {\n}\n") == names{"a::a:1+2"});
}

TEST_CASE("tables, enums and macros are no functions", "[tidy][functions]") {
    CHECK(extents("constexpr std::array<int, size(x)> t{{\n 1,\n 2,\n}};\n").empty());
    CHECK(extents("facts const t[] = {\n {f(1), 2},\n};\nvoid f() {}\n") == names{"f:4+1"});
    CHECK(extents("enum class e : int {\n a,\n};\nstruct s {\n int a{1};\n};\n").empty());
    CHECK(extents("#define A(x) \\\n    do { \\\n    } while (false)\n").empty());
}

TEST_CASE("braces in strings, comments and characters do not count", "[tidy][functions]") {
    CHECK(
        extents("void f() {\n    g(\"{\");  // {\n    g('{');\n    g(R\"x({)x\");\n}\n") ==
        names{"f:1+5"});
}

}  // namespace
}  // namespace gateway::tidy

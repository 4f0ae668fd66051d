// SPDX-License-Identifier: Apache-2.0
// The words of problems, the expansion of variables, and the reference page.
#include "settings/expand.hpp"
#include "settings/load.hpp"
#include "settings/problem.hpp"
#include "settings/schema.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace gateway::settings;

std::optional<std::string> some_variables(std::string_view name) {
    if (name == "A") return "a";
    if (name == "_b2") return "b";
    if (name == "EMPTY") return "";
    if (name == "TRICKY") return "${A}$$";
    if (name == "BIG") return std::string(30'000, 'x');
    return std::nullopt;
}

struct expected_expansion {
    std::string written;
    std::string text;
};

}  // namespace

TEST_CASE("variables and escapes expand", "[unit][settings]") {
    auto const one = GENERATE(values<expected_expansion>({
        {"", ""},
        {"plain", "plain"},
        {"${A}", "a"},
        {"x${A}y${_b2}z", "xaybz"},
        {"${A:-other}", "a"},
        {"${NONE:-other}", "other"},
        {"${EMPTY:-other}", "other"},
        {"${EMPTY}", ""},
        {"${NONE:-}", ""},
        {"${NONE:-a:-b}", "a:-b"},
        {"${NONE:-0.0.0.0:80}", "0.0.0.0:80"},
        {"$$", "$"},
        {"$${A}", "${A}"},
        {"$$$$", "$$"},
        {"$A", "$A"},
        {"$", "$"},
        {"a$", "a$"},
        {"^/x$/$1", "^/x$/$1"},
        {"${TRICKY}", "${A}$$"},
    }));
    CAPTURE(one.written);
    expansion const done = expand(one.written, some_variables);
    CHECK(done.found.empty());
    CHECK(done.text == one.text);
}

TEST_CASE("references that cannot be expanded are named", "[unit][settings]") {
    struct refused {
        std::string written;
        std::string found;
        std::string expected;
    };
    auto const one = GENERATE(values<refused>({
        {"${NONE}", "\"${NONE}\"", "the environment variable NONE to be set"},
        {"x${A}${NONE}y", "\"${NONE}\"", "the environment variable NONE to be set"},
        {"x${A", "\"${A\"", "a closing } after ${NAME"},
        {"${}", "\"${}\"", "${NAME} or ${NAME:-default}"},
        {"${1A}", "\"${1A}\"", "${NAME} or ${NAME:-default}"},
        {"${A B}", "\"${A B}\"", "${NAME} or ${NAME:-default}"},
        {"${A-b}", "\"${A-b}\"", "${NAME} or ${NAME:-default}"},
        {"${A:?b}", "\"${A:?b}\"", "${NAME} or ${NAME:-default}"},
        {"${A:-${B}}", "\"${A:-${B}\"", "a default without a variable in it"},
        {"${BIG}${BIG}${BIG}", "\"${BIG}\"", "a value of at most 64 KiB"},
    }));
    CAPTURE(one.written);
    expansion const done = expand(one.written, some_variables);
    CHECK(done.found == one.found);
    CHECK(done.expected == one.expected);
}

TEST_CASE("a problem reads as compilers write theirs", "[unit][settings]") {
    problem one{.file = "g.yaml", .line = 12, .column = 7, .found = "\"a\"", .expected = "b"};
    CHECK(to_text(one) == "g.yaml:12:7: found \"a\", expected b");
    one.key = "routes[0]";
    one.hint = "did you mean \"b\"?";
    CHECK(to_text(one) == "g.yaml:12:7: routes[0]: found \"a\", expected b; did you mean \"b\"?");
    one.line = 0;
    CHECK(to_text(one) == "g.yaml: routes[0]: found \"a\", expected b; did you mean \"b\"?");
}

TEST_CASE("quoted text is short and cannot move the cursor", "[unit][settings]") {
    CHECK(in_quotes("a \xc3\xa4") == "\"a \xc3\xa4\"");
    CHECK(in_quotes("a\r\n\t\x1b[2J\x7f") == "\"a\\r\\n\\t\\x1b[2J\\x7f\"");
    CHECK(in_quotes(std::string(80, 'a')) == '"' + std::string(80, 'a') + '"');
    CHECK(in_quotes(std::string(81, 'a')) == '"' + std::string(80, 'a') + "...\"");
    CHECK(in_quotes(std::string(79, 'a') + "\xc3\xa4") == '"' + std::string(79, 'a') + "...\"");
}

TEST_CASE("the nearest word is the one a slip away", "[unit][settings]") {
    std::vector<std::string_view> const words{"timeouts",      "limits",        "via",
                                              "response_head", "response_body", "warn"};
    CHECK(nearest("tiemouts", words) == "timeouts");
    CHECK(nearest("timeout", words) == "timeouts");
    CHECK(nearest("TIMEOUTS", words) == "timeouts");
    CHECK(nearest("limit", words) == "limits");
    CHECK(nearest("vai", words) == "via");
    CHECK(nearest("response-body", words) == "response_body");
    CHECK(nearest("response", words) == "response_head");
    CHECK(nearest("warning", words) == "warn");
    CHECK(nearest("", words).empty());
    CHECK(nearest("x", words).empty());
    CHECK(nearest("zebra", words).empty());
    CHECK(nearest(std::string(100, 'a'), words).empty());
    CHECK(nearest("via", {}).empty());
}

TEST_CASE("the committed reference page is the schema's", "[unit][settings]") {
    std::ifstream file{
        std::filesystem::path{GATEWAY_SOURCE_DIR} / "config/reference.md", std::ios::binary};
    std::ostringstream committed;
    committed << file.rdbuf();
    // To mend it: gateway --describe-settings > config/reference.md
    CHECK(committed.str() == reference_page());
}

TEST_CASE("the reference page shows what the structs hold", "[unit][settings]") {
    std::string const page = reference_page();
    for (std::string_view const part : {
             "| `admin.address` | address | `0.0.0.0:9113` |",
             "| `timeouts.response_head` | duration | `55s` | 100ms to 24h | live |",
             "| `limits.body` | size | `10MiB` | 0 to 1024GiB | live |",
             "| `runtime.threads` | number or `auto` | `auto` | 1 to 1024 | restart |",
             "| `upstreams.*.endpoints` | list of endpoint | *required* |",
             "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, "
             "169.254.0.0/16, ::1, fc00::/7, fe80::/10",
         }) {
        CHECK_THAT(page, Catch::Contains(std::string{part}));
    }
}

TEST_CASE("each key of the schema stands once, below its section", "[unit][settings]") {
    std::set<std::string_view> seen;
    for (row const& one : rows()) {
        CAPTURE(one.path);
        CHECK(seen.insert(one.path).second);
        CHECK(one.value.read != nullptr);
        CHECK(one.sentence.back() == '.');
        std::size_t const dot = one.path.rfind('.');
        if (dot == std::string_view::npos) continue;
        std::string_view section = one.path.substr(0, dot);
        for (std::string_view const mark : {"[]", ".*"}) {
            if (section.size() > 2 && section.substr(section.size() - 2) == mark) {
                section.remove_suffix(2);
            }
        }
        CHECK(seen.count(section) == 1);
    }
}

TEST_CASE("every default lies within its bounds", "[unit][settings]") {
    // Written out, the defaults must load: bounds are checked on the way.
    std::string text =
        "upstreams: {web: {endpoints: [web]}}\nroutes: [{prefix: /, upstream: web}]\n";
    snapshot defaults;
    std::string_view section;
    for (row const& one : rows()) {
        std::size_t const dot = one.path.find('.');
        bool const global = one.path.find_first_of("[*") == std::string_view::npos;
        bool const holds_maps = one.path == "listeners" || one.path == "tests";
        if (!global || one.presence == need::required || holds_maps) continue;
        if (dot == std::string_view::npos) {
            section = one.path;
            text += std::string{section} + ":\n";
            continue;
        }
        REQUIRE(one.path.substr(0, dot) == section);
        std::string const value = one.value.default_text(&defaults);
        bool const list = one.value.shape == shape::list;
        if (value.empty() && !list) continue;  // absent unless it is written
        text += "  " + std::string{one.path.substr(dot + 1)} + ": " +
                (list ? "[" + value + "]" : '"' + value + '"') + '\n';
    }
    CAPTURE(text);
    loaded const result = load_text(text, "g.yaml", some_variables);
    for (problem const& one : result.problems) FAIL_CHECK(to_text(one));
    REQUIRE(result.value);
    CHECK(result.value->timeouts == defaults.timeouts);
    CHECK(result.value->limits == defaults.limits);
    CHECK(result.value->forwarding == defaults.forwarding);
}

// SPDX-License-Identifier: Apache-2.0
#include "http/trace_context.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <tuple>
#include <vector>

using namespace gateway::http;

namespace {

std::string const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
std::string const parent = "00f067aa0ba902b7";

std::string verdict_of(std::string const& text) {
    trace_origin found;
    if (!parse_traceparent(text, found)) return "malformed";
    std::string const id{view_of(found.trace)};
    std::string const from{view_of(found.parent)};
    return id + ' ' + from + (found.decision == sampling::recorded ? " recorded" : " dropped");
}

std::string amzn_verdict_of(std::string const& text) {
    trace_origin found;
    if (!parse_amzn_trace_id(text, found)) return "malformed";
    std::string out{view_of(found.trace)};
    if (found.has_parent) out.append(" ").append(view_of(found.parent));
    if (found.decision == sampling::recorded) out += " recorded";
    if (found.decision == sampling::dropped) out += " dropped";
    return out;
}

}  // namespace

TEST_CASE("a traceparent is read as W3C Trace Context says", "[unit][trace]") {
    std::string const recorded = trace + ' ' + parent + " recorded";
    std::string const dropped = trace + ' ' + parent + " dropped";
    auto const [text, expected, section] =
        GENERATE_COPY(table<std::string, std::string, std::string>({
            {"00-" + trace + '-' + parent + "-01", recorded, "3.2.2"},
            {"00-" + trace + '-' + parent + "-00", dropped, "3.2.2.5"},
            {"00-" + trace + '-' + parent + "-03", recorded, "3.2.2.5: other flags are ignored"},
            {"00-" + trace + '-' + parent + "-fe", dropped, "3.2.2.5"},
            {"01-" + trace + '-' + parent + "-01", recorded, "3.2.4: a later version"},
            {"cc-" + trace + '-' + parent + "-01-what-the-future-says", recorded, "3.2.4"},
            {"cc-" + trace + '-' + parent + "-01.what", "malformed", "3.2.4"},
            {"00-" + trace + '-' + parent + "-01-more", "malformed", "3.2.2"},
            {"ff-" + trace + '-' + parent + "-01", "malformed", "3.2.2.1"},
            {"0-" + trace + '-' + parent + "-01", "malformed", "3.2.2.1"},
            {"0x-" + trace + '-' + parent + "-01", "malformed", "3.2.2.1"},
            {"00-" + std::string(32, '0') + '-' + parent + "-01", "malformed", "3.2.2.3"},
            {"00-" + trace + '-' + std::string(16, '0') + "-01", "malformed", "3.2.2.4"},
            {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" + parent + "-01", "malformed", "3.2.2.3"},
            {"00-" + trace.substr(1) + '-' + parent + "-01", "malformed", "3.2.2.3"},
            {"00-" + trace + '-' + parent + "-0", "malformed", "3.2.2.5"},
            {"00-" + trace + '-' + parent + "-0g", "malformed", "3.2.2.5"},
            {"00-" + trace + '-' + parent, "malformed", "3.2.2"},
            {"00_" + trace + '_' + parent + "_01", "malformed", "3.2.2"},
            {"", "malformed", "3.2"},
        }));
    CAPTURE(text, section);
    CHECK(verdict_of(text) == expected);
}

TEST_CASE("a traceparent that breaks off anywhere is malformed", "[unit][trace]") {
    std::string const whole = "00-" + trace + '-' + parent + "-01";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::string const cut = whole.substr(0, size);
        CAPTURE(cut);
        CHECK(verdict_of(cut) == "malformed");
    }
}

TEST_CASE("what is printed is read as the same", "[unit][trace]") {
    trace_origin found;
    REQUIRE(parse_traceparent("cc-" + trace + '-' + parent + "-ff-later", found));
    auto const text = print_traceparent(found.trace, found.parent, true);
    CHECK(std::string(text.data(), text.size()) == "00-" + trace + '-' + parent + "-01");
    auto const other = print_traceparent(found.trace, found.parent, false);
    CHECK(std::string(other.data(), other.size()) == "00-" + trace + '-' + parent + "-00");
}

TEST_CASE("an X-Amzn-Trace-Id is read for its root, parent and decision", "[unit][trace]") {
    std::string const root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    std::string const id = "5759e988bd862e3fe1be46a994272793";
    auto const [text, expected] = GENERATE_COPY(table<std::string, std::string>({
        {root, id},
        {root + ";Parent=53995c3f42cd8ad8;Sampled=1", id + " 53995c3f42cd8ad8 recorded"},
        {"Sampled=0;Parent=53995c3f42cd8ad8;" + root, id + " 53995c3f42cd8ad8 dropped"},
        {root + ";Sampled=?", id},
        {"Self=1-67891234-12456789abcdef012345678;" + root, id},  // as a load balancer adds it
        {root + "; Lineage=a87bd80c:1|68fd508a:5; CalledFrom=app", id},
        {"root=1-5759E988-BD862E3FE1BE46A994272793; sampled=1", id + " recorded"},
        {root + ";Parent=short", id},
        {"Self=1-67891234-12456789abcdef012345678", "malformed"},
        {"Root=1-5759e988-bd862e3fe1be46a99427279", "malformed"},
        {"Root=2-5759e988-bd862e3fe1be46a994272793", "malformed"},
        {"Root=1-5759e98x-bd862e3fe1be46a994272793", "malformed"},
        {"Root=1-00000000-000000000000000000000000", "malformed"},
        {"Root=", "malformed"},
        {"Root", "malformed"},
        {";;=;", "malformed"},
        {"", "malformed"},
    }));
    CAPTURE(text);
    CHECK(amzn_verdict_of(text) == expected);
}

TEST_CASE("members of a tracestate keep to their characters and sizes", "[unit][trace]") {
    auto const [text, fine] = GENERATE(table<std::string, bool>({
        {"rojo=00f067aa0ba902b7", true},
        {"a=1", true},
        {"0a=1", true},  // level 2 of the standard
        {"tenant@system=1", true},
        {"a_-*/=x y!~", true},
        {std::string(256, 'a') + '=' + std::string(256, 'b'), true},
        {std::string(257, 'a') + "=1", false},
        {"a=" + std::string(257, 'b'), false},
        {"A=1", false},
        {"a", false},
        {"=1", false},
        {"a=", false},
        {"a=b=c", false},
        {"a b=1", false},
        {"a=\x01", false},
        {"a=\xc3\xa9", false},
    }));
    CAPTURE(text);
    CHECK(is_tracestate_member(text) == fine);
}

TEST_CASE("a tracestate is a list whose empty members count for nothing", "[unit][trace]") {
    std::string_view list = ", a=1 ,,\tb=2,c=\"x,";
    std::vector<std::string> members;
    std::string_view member;
    while (next_tracestate_member(list, member)) members.emplace_back(member);
    CHECK(members == std::vector<std::string>{"a=1", "b=2", "c=\"x"});
}

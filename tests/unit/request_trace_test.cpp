// SPDX-License-Identifier: Apache-2.0
#include "proxy/request_trace.hpp"

#include "http/head_parser.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace gateway;
using proxy::caller;
using settings::tracing_mode;

namespace {

std::string const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
std::string const parent = "00f067aa0ba902b7";
std::string const root = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736";

std::string traceparent(std::string const& flags) {
    return "traceparent: 00-" + trace + '-' + parent + '-' + flags + "\r\n";
}

// A request with these fields, and what becomes of its trace.
struct traced {
    explicit traced(
        std::string const& fields,
        caller from = caller::inside,
        std::uint32_t sample = 0,
        tracing_mode mode = tracing_mode::propagate)
        : text("GET / HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n") {
        http::request_parser parser;
        REQUIRE(parser.parse(text, {}, head) == http::parse_step::complete);
        settings::tracing wanted;
        wanted.mode = mode;
        wanted.sample = sample;
        proxy::begin_trace(trace, &head, wanted, from, 0x5759e988, ids);
    }

    std::string amzn() {
        std::array<char, 8192> memory;
        http::head_writer out{memory};
        proxy::write_amzn_trace_id(out, head, trace);
        return std::string{out.text()};
    }
    std::string states() {
        std::array<char, 8192> memory;
        http::head_writer out{memory};
        proxy::write_tracestate(out, head);
        return std::string{out.text()};
    }

    std::string text;
    http::request_head head;
    observe::request_id_source ids{{1, 2, 3, 4}};
    proxy::request_trace trace;
};

constexpr std::uint32_t all = settings::tracing::whole;

}  // namespace

TEST_CASE("a request without a trace begins one, if we take part", "[unit][trace]") {
    traced const fresh{"", caller::outside, all};
    CHECK(fresh.trace.takes_part);
    CHECK(fresh.trace.sampled);
    CHECK_FALSE(fresh.trace.has_parent);
    CHECK(fresh.trace.id_text().substr(0, 8) == "5759e988");  // the second, as X-Ray wants it
    CHECK(fresh.trace.span_text().size() == 16);
    traced const off{"", caller::outside, all, tracing_mode::off};
    CHECK(off.trace.id_text().empty());
    CHECK(off.trace.span_text().empty());
}

TEST_CASE("tracing that is off reads an ID for the log and no more", "[unit][trace]") {
    traced const off{traceparent("01"), caller::inside, all, tracing_mode::off};
    CHECK(off.trace.id_text() == trace);
    CHECK_FALSE(off.trace.takes_part);
    CHECK(off.trace.span_text().empty());
}

TEST_CASE("a caller inside says whether a trace is recorded", "[unit][trace]") {
    CHECK(traced{traceparent("01"), caller::inside, 0}.trace.sampled);
    CHECK_FALSE(traced{traceparent("00"), caller::inside, all}.trace.sampled);
    CHECK(traced{"X-Amzn-Trace-Id: " + root + ";Sampled=1\r\n", caller::inside, 0}.trace.sampled);
    CHECK(traced{"X-Amzn-Trace-Id: " + root + "\r\n", caller::inside, all}.trace.sampled);
    CHECK_FALSE(traced{"X-Amzn-Trace-Id: " + root + "\r\n", caller::inside, 0}.trace.sampled);
}

TEST_CASE("a client outside names its trace and decides nothing", "[unit][trace]") {
    traced const forced{traceparent("01"), caller::outside, 0};
    CHECK(forced.trace.id_text() == trace);
    CHECK_FALSE(forced.trace.sampled);
    CHECK(traced{traceparent("00"), caller::outside, all}.trace.sampled);
    // Nor by choosing an ID: the same one is sampled now and then.
    observe::request_id_source ids{{1, 2, 3, 4}};
    settings::tracing wanted;
    wanted.mode = tracing_mode::propagate;
    wanted.sample = all / 2;
    traced const some{traceparent("01")};
    int sampled = 0;
    for (int i = 0; i < 1'000; ++i) {
        proxy::request_trace one;
        proxy::begin_trace(one, &some.head, wanted, caller::outside, 1, ids);
        sampled += one.sampled ? 1 : 0;
    }
    CHECK(sampled > 400);
    CHECK(sampled < 600);
}

TEST_CASE("a share of new traces is sampled", "[unit][trace]") {
    observe::request_id_source ids{{5, 6, 7, 8}};
    settings::tracing wanted;
    wanted.mode = tracing_mode::propagate;
    wanted.sample = all / 100;
    int sampled = 0;
    for (int i = 0; i < 100'000; ++i) {
        proxy::request_trace one;
        proxy::begin_trace(one, nullptr, wanted, caller::outside, 1, ids);
        sampled += one.sampled ? 1 : 0;
    }
    CHECK(sampled > 800);
    CHECK(sampled < 1'200);
}

TEST_CASE("a malformed traceparent restarts the trace", "[unit][trace]") {
    auto const fields = GENERATE_COPY(
        as<std::string>{}, "traceparent: nonsense\r\n", "traceparent: \r\n",
        traceparent("01") + traceparent("01"),
        "traceparent: ff-" + trace + '-' + parent + "-01\r\n");
    traced const restarted{fields + "tracestate: a=1\r\n"};
    CHECK(restarted.trace.id_text() != trace);
    CHECK_FALSE(restarted.trace.has_parent);
    CHECK_FALSE(restarted.trace.passes_states);
}

TEST_CASE("a tracestate passes whole, in part, or not at all", "[unit][trace]") {
    traced fine{traceparent("01") + "tracestate: a=1 , b=2\r\ntracestate: c=3\r\n"};
    CHECK(fine.trace.passes_states);
    CHECK(fine.states() == "a=1,b=2,c=3\r\n");
    CHECK_FALSE(traced{traceparent("01") + "tracestate: a=1,B=2\r\n"}.trace.passes_states);
    CHECK_FALSE(traced{"tracestate: a=1\r\n"}.trace.passes_states);
    std::string many;
    for (int i = 0; i < 33; ++i) many += "a" + std::to_string(i) + "=1,";
    CHECK_FALSE(traced{traceparent("01") + "tracestate: " + many + "\r\n"}.trace.passes_states);
    // The newest stand first; the oldest give way.
    std::string large;
    for (int i = 0; i < 10; ++i) {
        large += "k" + std::to_string(i) + '=' + std::string(250, 'v') + ',';
    }
    traced cut{traceparent("01") + "tracestate: " + large + "\r\n"};
    std::string const sent = cut.states();
    CHECK(sent.size() <= http::tracestate_bytes_max + 2);
    CHECK(sent.size() > 512);
    CHECK(sent.find("k0=") == 0);
    CHECK(sent.find("k9=") == std::string::npos);
    CHECK(sent.ends_with("v\r\n"));
}

TEST_CASE("an X-Amzn-Trace-Id follows the trace, and others' parts of it stay", "[unit][trace]") {
    traced bridged{
        "X-Amzn-Trace-Id: Self=1-67891234-12456789abcdef012345678;" + root +
        ";Parent=53995c3f42cd8ad8;Sampled=1;CalledFrom=app\r\n"};
    CHECK(bridged.trace.id_text() == trace);
    CHECK(
        bridged.amzn() == "Self=1-67891234-12456789abcdef012345678;CalledFrom=app;" + root +
                              ";Parent=" + std::string{bridged.trace.span_text()} +
                              ";Sampled=1\r\n");
    traced made{traceparent("01")};
    CHECK(
        made.amzn() == root + ";Parent=" + std::string{made.trace.span_text()} + ";Sampled=1\r\n");
}

TEST_CASE("an X-Amzn-Trace-Id of another trace is left alone", "[unit][trace]") {
    traced const two{
        traceparent("01") + "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n"};
    CHECK(two.trace.id_text() == trace);
    CHECK(two.trace.keeps_amzn);
    CHECK_FALSE(traced{traceparent("01") + "X-Amzn-Trace-Id: " + root + "\r\n"}.trace.keeps_amzn);
}

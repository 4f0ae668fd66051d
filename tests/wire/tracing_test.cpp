// SPDX-License-Identifier: Apache-2.0
// A request's trace on its way through the gateway: W3C Trace Context and X-Amzn-Trace-Id.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

std::string const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
std::string const parent = "00f067aa0ba902b7";
std::string const given = "traceparent: 00-" + trace + '-' + parent + "-01\r\n";

configuration tracing(imposter_origin const& origin, std::string const& more) {
    return all_to(origin.endpoint()).section("tracing", more);
}

std::string trace_in(message const& request) { return request.value("traceparent").substr(3, 32); }
std::string span_in(message const& request) { return request.value("traceparent").substr(36, 16); }

}  // namespace

TEST_CASE("without a setting the fields of a trace pass untouched", "[wire][tracing]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    std::string const odd = "traceparent: 01-nonsense\r\ntracestate: B=2\r\n";
    CHECK(get(gateway.port(), "/odd", odd).status() == 200);
    CHECK(origin.last_request().value("traceparent") == "01-nonsense");
    CHECK(origin.last_request().value("tracestate") == "B=2");
    CHECK_FALSE(gateway.wait_for_access_line_of("/odd").has("trace_id"));
    CHECK(get(gateway.port(), "/fine", given).status() == 200);
    CHECK(origin.last_request().value("traceparent") == "00-" + trace + '-' + parent + "-01");
    CHECK_FALSE(origin.last_request().has("X-Amzn-Trace-Id"));
    // The log can be joined with the application's own, even so.
    CHECK(gateway.wait_for_access_line_of("/fine").text("trace_id") == trace);
    CHECK_FALSE(gateway.wait_for_access_line_of("/fine").has("span_id"));
    std::string const amzn = "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n";
    CHECK(get(gateway.port(), "/alb", amzn).status() == 200);
    CHECK(
        origin.last_request().value("X-Amzn-Trace-Id") ==
        "Root=1-5759e988-bd862e3fe1be46a994272793");
    CHECK(
        gateway.wait_for_access_line_of("/alb").text("trace_id") ==
        "5759e988bd862e3fe1be46a994272793");
}

TEST_CASE("a trace goes on with the gateway's span as parent", "[wire][tracing]") {
    imposter_origin origin;
    gateway_process gateway{tracing(origin, "mode: propagate")};
    auto const response = get(gateway.port(), "/", given + "tracestate: a=1, b=2\r\n");
    CHECK(response.status() == 200);
    auto const sent = origin.last_request();
    CHECK(sent.count("traceparent") == 1);
    CHECK(trace_in(sent) == trace);
    CHECK(span_in(sent) != parent);
    CHECK(sent.value("traceparent").ends_with("-01"));
    CHECK(sent.value("tracestate") == "a=1,b=2");
    CHECK(
        sent.value("X-Amzn-Trace-Id") ==
        "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=" + span_in(sent) + ";Sampled=1");
    auto const line = gateway.wait_for_access_line_of("/");
    CHECK(line.text("trace_id") == trace);
    CHECK(line.text("span_id") == span_in(sent));
}

TEST_CASE("a trace of the load balancer's goes on as W3C's", "[wire][tracing]") {
    imposter_origin origin;
    gateway_process gateway{tracing(origin, "mode: propagate, sample: 1")};
    std::string const amzn =
        "X-Amzn-Trace-Id: Self=1-67891234-12456789abcdef012345678;"
        "Root=1-5759e988-bd862e3fe1be46a994272793\r\n";
    CHECK(get(gateway.port(), "/", amzn).status() == 200);
    auto const sent = origin.last_request();
    CHECK(trace_in(sent) == "5759e988bd862e3fe1be46a994272793");
    CHECK(sent.value("traceparent").ends_with("-01"));
    CHECK(sent.count("X-Amzn-Trace-Id") == 1);
    CHECK(
        sent.value("X-Amzn-Trace-Id") ==
        "Self=1-67891234-12456789abcdef012345678;Root=1-5759e988-bd862e3fe1be46a994272793;Parent=" +
            span_in(sent) + ";Sampled=1");
}

TEST_CASE("each request without a trace begins one of its own", "[wire][tracing]") {
    imposter_origin origin;
    gateway_process gateway{tracing(origin, "mode: propagate, sample: 0")};
    raw_client client{gateway.port()};
    for (int i = 0; i < 2; ++i) {
        client.send(get_request("/"));
        CHECK(client.receive().status() == 200);
    }
    auto const sent = origin.requests();
    CHECK(trace_in(sent.at(0)) != trace_in(sent.at(1)));
    CHECK(span_in(sent.at(0)) != span_in(sent.at(1)));
    CHECK(sent.at(0).value("traceparent").size() == 55);
    CHECK(sent.at(0).value("traceparent").ends_with("-00"));
}

TEST_CASE("a client from outside cannot have its trace recorded", "[wire][tracing]") {
    imposter_origin origin;
    gateway_process gateway{tracing(origin, "mode: propagate, sample: 0")};
    // As a load balancer passes it on: the field is the client's, whoever brings it.
    get(gateway.port(), "/", given + "X-Forwarded-For: 203.0.113.5\r\n");
    CHECK(origin.last_request().value("traceparent").ends_with("-00"));
    CHECK(trace_in(origin.last_request()) == trace);
    get(gateway.port(), "/", given + "X-Forwarded-For: 10.0.0.5\r\n");
    CHECK(origin.last_request().value("traceparent").ends_with("-01"));
}

TEST_CASE("a route may set or remove the fields of a trace itself", "[wire][tracing]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .route("prefix: /, upstream: app, request_headers: "
                                       "{ remove: [X-Amzn-Trace-Id, traceparent] }")
                                .section("tracing", "mode: propagate")};
    CHECK(get(gateway.port(), "/", given).status() == 200);
    CHECK_FALSE(origin.last_request().has("traceparent"));
    CHECK_FALSE(origin.last_request().has("X-Amzn-Trace-Id"));
    CHECK(gateway.wait_for_access_line_of("/").text("trace_id") == trace);
}

TEST_CASE("a reply of the gateway's own is part of the trace in the log", "[wire][tracing]") {
    gateway_process gateway{all_to("127.0.0.1:1").section("tracing", "mode: propagate")};
    CHECK(get(gateway.port(), "/", given).status() == 502);
    auto const line = gateway.wait_for_access_line_of("/");
    CHECK(line.text("trace_id") == trace);
    CHECK(line.text("span_id").size() == 16);
}

}  // namespace gateway::support

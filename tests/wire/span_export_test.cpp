// SPDX-License-Identifier: Apache-2.0
// Spans at a collector: a server that reads OpenTelemetry's protocol as strictly as a real one, and
// fails in the ways that real ones do.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/json_check.hpp"
#include "support/raw_client.hpp"

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <set>
#include <sstream>
#include <thread>

namespace gateway::support {
namespace {

using boost::property_tree::ptree;

struct told_span {
    std::string trace;
    std::string id;
    std::string parent;
    std::string name;
    int kind = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    int status = 0;
    std::map<std::string, std::string> attributes;

    std::string at(std::string const& key) const {
        auto const found = attributes.find(key);
        return found == attributes.end() ? "" : found->second;
    }
};

std::map<std::string, std::string> attributes_in(ptree const& list) {
    std::map<std::string, std::string> all;
    for (auto const& [unnamed, one] : list) {
        auto const& value = one.get_child("value");
        REQUIRE(value.size() == 1);
        std::string const kind = value.front().first;
        REQUIRE((kind == "stringValue" || kind == "intValue" || kind == "boolValue"));
        REQUIRE(all.emplace(one.get<std::string>("key"), value.front().second.data()).second);
    }
    return all;
}

bool is_hex(std::string const& text, std::size_t size) {
    return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string::npos &&
           text.find_first_not_of('0') != std::string::npos;
}

std::vector<told_span> spans_in(message const& request) {
    REQUIRE(request.start_line == "POST /v1/traces HTTP/1.0");
    REQUIRE(request.value("Content-Type") == "application/json");
    REQUIRE(json_check::valid(request.body));
    std::istringstream in{request.body};
    ptree tree;
    read_json(in, tree);
    std::vector<told_span> all;
    for (auto const& [a, resource] : tree.get_child("resourceSpans")) {
        auto const facts = attributes_in(resource.get_child("resource.attributes"));
        REQUIRE(facts.count("service.name") == 1);
        for (auto const& [b, scope] : resource.get_child("scopeSpans")) {
            REQUIRE(scope.get<std::string>("scope.name") == "gateway");
            for (auto const& [c, one] : scope.get_child("spans")) {
                told_span span;
                span.trace = one.get<std::string>("traceId");
                span.id = one.get<std::string>("spanId");
                span.parent = one.get<std::string>("parentSpanId", "");
                span.name = one.get<std::string>("name");
                span.kind = one.get<int>("kind");
                span.begin = one.get<std::int64_t>("startTimeUnixNano");
                span.end = one.get<std::int64_t>("endTimeUnixNano");
                span.status = one.get<int>("status.code", 0);
                span.attributes = attributes_in(one.get_child("attributes"));
                REQUIRE(is_hex(span.trace, 32));
                REQUIRE(is_hex(span.id, 16));
                REQUIRE((span.parent.empty() || is_hex(span.parent, 16)));
                REQUIRE(span.begin <= span.end);
                all.push_back(span);
            }
        }
    }
    return all;
}

std::vector<told_span> spans_at(imposter_origin const& collector) {
    std::vector<told_span> all;
    for (auto const& request : collector.requests()) {
        // It is on record from its head on.
        if (std::to_string(request.body.size()) != request.value("Content-Length")) continue;
        auto const more = spans_in(request);
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

std::vector<told_span> wait_for_spans(imposter_origin const& collector, std::size_t count) {
    for (auto const limit = steady::now() + patience(); steady::now() < limit;) {
        auto const all = spans_at(collector);
        if (all.size() >= count) return all;
        std::this_thread::yield();
    }
    throw timed_out{"spans are missing"};
}

constexpr int server = 2;
constexpr int client = 3;

std::string const taken = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

configuration exporting(
    configuration settings, imposter_origin const& collector, std::string const& more) {
    return settings.section(
        "tracing", "mode: export, interval: 10ms, endpoint: \"http://" + collector.endpoint() +
                       "/v1/traces\", " + more);
}

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

TEST_CASE("a request is a server span and a client span below it", "[wire][spans]") {
    imposter_origin collector;
    collector.otherwise(taken);
    imposter_origin origin;
    gateway_process gateway{exporting(
        configuration{}
            .upstream("app", {origin.endpoint()})
            .route("name: shop, prefix: /api/, upstream: app"),
        collector,
        "sample: 1, service_name: edge, attributes: { deployment.environment.name: test }, "
        "headers: { X-Token: s3cret }")};
    auto const begun = now_ns();
    get(gateway.port(), "/api/x?page=2&token=s3cret",
        "User-Agent: teapot \"1\"\r\n"
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
    auto const spans = wait_for_spans(collector, 2);
    auto const ended = now_ns();
    REQUIRE(spans.size() == 2);
    auto const& above = spans.at(0);
    auto const& below = spans.at(1);
    CHECK(above.kind == server);
    CHECK(above.trace == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(above.parent == "00f067aa0ba902b7");
    CHECK(above.name == "GET /api/");
    CHECK(above.status == 0);
    CHECK(above.at("http.request.method") == "GET");
    CHECK(above.at("http.response.status_code") == "200");
    CHECK(above.at("http.route") == "/api/");
    CHECK(above.at("url.path") == "/api/x");
    CHECK(above.at("url.query") == "page=2&token=***");
    CHECK(above.at("url.scheme") == "http");
    CHECK(above.at("server.address") == "test");
    CHECK(above.at("client.address") == "127.0.0.1");
    CHECK(above.at("user_agent.original") == "teapot \"1\"");
    CHECK(above.at("gateway.route") == "shop");
    CHECK(above.at("gateway.upstream") == "app");
    CHECK(above.at("error.type").empty());
    CHECK(below.kind == client);
    CHECK(below.trace == above.trace);
    CHECK(below.parent == above.id);
    CHECK(below.name == "GET");
    CHECK(below.at("server.address") == "127.0.0.1");
    CHECK(below.at("server.port") == std::to_string(origin.port()));
    CHECK(below.at("url.full") == "http://" + origin.endpoint() + "/api/x?page=2&token=***");
    CHECK(below.at("http.response.status_code") == "200");
    // The application's spans hang below the attempt that reached it.
    CHECK(
        origin.last_request().value("traceparent") == "00-" + above.trace + '-' + below.id + "-01");
    constexpr std::int64_t clocks_differ_by = 5'000'000;
    CHECK(above.begin >= begun - clocks_differ_by);
    CHECK(above.end <= ended + clocks_differ_by);
    CHECK(below.begin >= above.begin - clocks_differ_by);
    CHECK(below.end <= above.end + clocks_differ_by);
    auto const request = collector.requests().at(0);
    CHECK(request.value("X-Token") == "s3cret");
    CHECK(request.body.find("\"edge\"") != std::string::npos);
    CHECK(request.body.find("deployment.environment.name") != std::string::npos);
    CHECK(request.body.find("s3cret") == std::string::npos);
    gateway.wait_for_metric("gateway_spans_total", 2, {{"outcome", "sent"}});
    auto const line = gateway.wait_for_access_lines(1).at(0);
    CHECK(line.text("trace_id") == above.trace);
    CHECK(line.text("span_id") == above.id);
}

TEST_CASE("each attempt is a span of its own", "[wire][spans]") {
    imposter_origin collector;
    collector.otherwise(taken);
    imposter_origin origin{[](origin_connection& connection) {
        while (auto const request = connection.receive_request()) {
            if (connection.index() == 0 && request->target() == "/second") return;
            connection.send(imposter_origin::ok("hello"));
        }
    }};
    gateway_process gateway{exporting(all_to(origin.endpoint()), collector, "sample: 1")};
    CHECK(get(gateway.port(), "/first").status() == 200);
    CHECK(get(gateway.port(), "/second").status() == 200);
    auto const spans = wait_for_spans(collector, 5);
    REQUIRE(spans.size() == 5);
    auto const& above = spans.at(2);
    CHECK(above.kind == server);
    CHECK(above.at("gateway.attempts") == "2");
    CHECK(spans.at(3).at("gateway.connection.reused") == "true");
    CHECK(spans.at(3).status == 2);
    CHECK(spans.at(3).at("error.type") == "upstream_closed");
    CHECK(spans.at(4).at("http.request.resend_count") == "1");
    CHECK(spans.at(4).status == 0);
    std::set<std::string> ids;
    for (auto const& one : spans) ids.insert(one.id);
    CHECK(ids.size() == 5);
    for (std::size_t i = 3; i < 5; ++i) CHECK(spans.at(i).parent == above.id);
}

TEST_CASE("failures are told whatever the sample says, and why", "[wire][spans]") {
    imposter_origin collector;
    collector.otherwise(taken);
    imposter_origin origin;
    gateway_process gateway{exporting(
        configuration{}
            .upstream("app", {origin.endpoint()})
            .upstream("gone", {"127.0.0.1:1"})
            .route("prefix: /, upstream: app")
            .route("prefix: /gone/, upstream: gone, methods: [GET]"),
        collector, "sample: 0")};
    CHECK(get(gateway.port(), "/fine").status() == 200);
    CHECK(get(gateway.port(), "/gone/x").status() == 502);
    auto const spans = wait_for_spans(collector, 2);
    CHECK(spans.at(0).kind == server);
    CHECK(spans.at(0).at("url.path") == "/gone/x");
    CHECK(spans.at(0).status == 2);
    CHECK(spans.at(0).at("error.type") == "connect_refused");
    CHECK(spans.at(0).at("http.response.status_code") == "502");
    CHECK(spans.at(1).at("error.type") == "connect_refused");
    // The upstream was told not to record.
    CHECK(origin.last_request().value("traceparent").ends_with("-00"));
    for (auto const& one : spans_at(collector)) CHECK(one.at("url.path") != "/fine");
}

TEST_CASE(
    "a collector that is overloaded is asked again, one that refuses is not", "[wire][spans]") {
    auto const status = GENERATE(as<std::string>{}, "503 Service Unavailable", "400 Bad Request");
    imposter_origin collector{[&](origin_connection& connection) {
        if (!connection.receive_request()) return;
        connection.send(
            connection.index() == 0 ? "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n"
                                    : taken);
    }};
    imposter_origin origin;
    gateway_process gateway{exporting(all_to(origin.endpoint()), collector, "sample: 1")};
    CHECK(get(gateway.port(), "/").status() == 200);
    gateway.wait_for_log("does not take them (status " + status.substr(0, 3) + ")");
    if (status.starts_with("503")) {
        collector.wait_for_whole_requests(2);
        CHECK(collector.requests().at(0).body == collector.requests().at(1).body);
        gateway.wait_for_log("takes them again");
    } else {
        gateway.wait_for_log("2 spans lost so far");
        CHECK(collector.requests().size() == 1);
    }
}

TEST_CASE(
    "a collector that hangs or is gone holds up nobody, and losses are told", "[wire][spans]") {
    imposter_origin collector{[&](origin_connection& connection) {
        connection.receive_request();
        connection.closed_by_peer();
    }};
    auto const hangs = GENERATE(true, false);
    imposter_origin origin;
    auto settings = exporting(
        all_to(origin.endpoint()), collector,
        "sample: 1, queue: 16, batch: 16, timeout: 100ms, retry_for: 300ms");
    if (!hangs) {
        settings.section(
            "tracing",
            "mode: export, interval: 10ms, endpoint: \"http://127.0.0.1:1/v1/traces\", sample: 1, "
            "queue: 16, retry_for: 300ms");
    }
    gateway_process gateway{settings};
    raw_client client{gateway.port()};
    for (int i = 0; i < 500; ++i) {
        client.send(get_request("/"));
        REQUIRE(client.receive().status() == 200);
    }
    gateway.wait_for_log("does not take them (");
    gateway.wait_for_log("found the queue full");
    gateway.signal(SIGTERM);
    client.close();
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("the last spans leave before the process ends", "[wire][spans]") {
    imposter_origin collector;
    collector.otherwise(taken);
    imposter_origin origin;
    auto settings = exporting(all_to(origin.endpoint()), collector, "sample: 1");
    settings.section(
        "tracing", "mode: export, interval: 1m, sample: 1, endpoint: \"http://" +
                       collector.endpoint() + "/v1/traces\"");
    gateway_process gateway{settings};
    CHECK(get(gateway.port(), "/last").status() == 200);
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
    CHECK(spans_at(collector).size() == 2);
}

TEST_CASE("spans go on over a reload, by its rules for secrets", "[wire][spans]") {
    imposter_origin collector;
    collector.otherwise(taken);
    imposter_origin origin;
    auto settings = exporting(all_to(origin.endpoint()), collector, "sample: 1");
    gateway_process gateway{settings};
    get(gateway.port(), "/a?ticket=1");
    CHECK(wait_for_spans(collector, 2).at(0).at("url.query") == "ticket=1");
    gateway.reload(settings.logging("redact: [ticket]"));
    get(gateway.port(), "/a?ticket=2");
    auto const spans = wait_for_spans(collector, 4);
    CHECK(spans.at(2).at("url.query") == "ticket=***");
    CHECK(spans.at(2).at("http.route") == "/");
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// Slow and greedy clients: what they get, and that nobody else pays for it.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <future>

namespace gateway::support {
namespace {

std::string cause_in(message const& reply) { return json_object{reply.body}.text("cause"); }

message ask_on(raw_client& client) {
    client.send(get_request("/"));
    return client.receive();
}

// An upload that never comes: its 408 proves that a grace period has passed.
message starve(std::uint16_t port) {
    raw_client slow{port};
    slow.send("POST /starved HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\nabc");
    return slow.receive();
}

}  // namespace

TEST_CASE("a body below the least rate gets 408 when its grace is over", "[wire][greedy]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())
                                .timeouts("body_rate_grace: 1s, request_body: 1h")
                                .limits("body_rate: 1KiB")};
    auto const begun = std::chrono::steady_clock::now();
    auto const reply = starve(gateway.port());
    auto const took = std::chrono::steady_clock::now() - begun;
    CHECK(reply.status() == 408);
    CHECK(cause_in(reply) == "request_body_too_slow");
    CHECK(took >= 900ms);
    CHECK(gateway.wait_for_access_line_of("/starved").text("cause") == "request_body_too_slow");
    gateway.wait_for_metric("gateway_errors_total", 1, {{"cause", "request_body_too_slow"}});
}

TEST_CASE("a body may be slow when no least rate is set", "[wire][greedy]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())
                                .timeouts("body_rate_grace: 1s, request_body: 1500ms")
                                .limits("body_rate: 0")};
    CHECK(cause_in(starve(gateway.port())) == "request_body_timeout");
}

TEST_CASE("a client that waits for a slow upstream is not the slow one", "[wire][greedy]") {
    gate go;
    imposter_origin origin;
    origin.when_head_of("/large", [&](origin_connection& client, message const& head) {
        go.wait();
        message request = head;
        client.receive_body(request, unframed::is_empty);
        client.send(imposter_origin::ok(std::to_string(request.body_bytes)));
    });
    // The least rate is above what the buffers on the way take in the seconds in which nobody
    // reads, and far below what this client sends once somebody does.
    gateway_process gateway{all_to(origin.endpoint())
                                .timeouts("body_rate_grace: 1s, request_body: 1h")
                                .limits("body_rate: 16MiB, body: 0, splice_threshold: 0")};
    // More than the kernel's buffers on the way hold: the upstream's pace is the upload's.
    std::string const body(64 * 1024 * 1024, 'x');
    auto upload = std::async(std::launch::async, [&] {
        raw_client client{gateway.port()};
        client.send(
            "POST /large HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n");
        client.transport().write(body, patience(60s));
        return client.receive();
    });
    origin.wait_for_requests(1);
    for (int i = 0; i < 2; ++i) CHECK(starve(gateway.port()).status() == 408);
    go.open();
    auto const reply = upload.get();
    CHECK(reply.status() == 200);
    CHECK(reply.body == std::to_string(body.size()));
}

TEST_CASE("a client address has so many connections", "[wire][greedy]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())
                                .limits("connections_per_client: 2")
                                .forwarding("trusted_proxies: []")};
    raw_client one{gateway.port()};
    raw_client two{gateway.port()};
    CHECK(ask_on(one).status() == 200);
    CHECK(ask_on(two).status() == 200);
    raw_client three{gateway.port()};
    auto const reply = three.receive();
    CHECK(reply.status() == 503);
    CHECK(reply.value("Retry-After") == "1");
    CHECK(reply.value("Connection") == "close");
    CHECK(cause_in(reply) == "too_many_connections_of_client");
    CHECK(three.closed_by_peer());
    // Those who were let in go on, and a place that becomes free is given again.
    CHECK(ask_on(one).status() == 200);
    two.close();
    gateway.wait_for_metric("gateway_connections_active", 1);
    CHECK(get(gateway.port(), "/").status() == 200);
    gateway.wait_for_metric(
        "gateway_connections_refused_total", 1, {{"cause", "too_many_connections_of_client"}});
}

TEST_CASE("a trusted proxy has as many connections as it wants", "[wire][greedy]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).limits("connections_per_client: 1")};
    raw_client one{gateway.port()};
    raw_client two{gateway.port()};
    CHECK(ask_on(one).status() == 200);
    CHECK(ask_on(two).status() == 200);
}

TEST_CASE("at the limit the connection idle for longest makes room", "[wire][greedy]") {
    gate go;
    imposter_origin origin;
    origin.when("/wait", [&](origin_connection& client, message const&) {
        go.wait();
        client.send(imposter_origin::ok("done"));
    });
    gateway_process gateway{all_to(origin.endpoint()).limits("connections: 3")};
    raw_client busy{gateway.port()};
    busy.send(get_request("/wait"));
    origin.wait_for_requests(1);
    raw_client first{gateway.port()};
    CHECK(ask_on(first).status() == 200);
    raw_client second{gateway.port()};
    CHECK(ask_on(second).status() == 200);
    gateway.wait_for_metric("gateway_connections_idle", 2);

    raw_client newcomer{gateway.port()};
    CHECK(ask_on(newcomer).status() == 200);
    CHECK(first.closed_by_peer());
    CHECK(ask_on(second).status() == 200);
    gateway.wait_for_metric("gateway_connections_evicted_total", 1);

    SECTION("a busy one does not") {
        second.send(get_request("/wait"));
        newcomer.send(get_request("/wait"));
        origin.wait_for_requests(7);
        raw_client late{gateway.port()};
        auto const reply = late.receive();
        CHECK(reply.status() == 503);
        CHECK(cause_in(reply) == "too_many_connections");
        go.open(3);  // the first one's too: whoever waits takes any pass
        CHECK(second.receive().body == "done");
        CHECK(newcomer.receive().body == "done");
    }
    go.open();
    CHECK(busy.receive().body == "done");
}

TEST_CASE("a pipeline that is too long is answered so far, then closed", "[wire][greedy]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).limits("pipelined_requests: 3")};
    raw_client client{gateway.port()};
    std::string requests;
    for (int i = 0; i < 10; ++i) requests += get_request("/" + std::to_string(i));
    client.send(requests);
    for (int i = 0; i < 4; ++i) {
        auto const reply = client.receive();
        CHECK(reply.status() == 200);
        CHECK(reply.value("Connection") == (i < 3 ? "" : "close"));
    }
    CHECK(client.closed_by_peer());
    CHECK(origin.requests().size() == 4);
    gateway.wait_for_metric("gateway_pipelines_cut_total", 1);
    // One request after the other is no pipeline.
    raw_client patient{gateway.port()};
    for (int i = 0; i < 10; ++i) CHECK(ask_on(patient).status() == 200);
}

TEST_CASE("too many requests in a second wait for the next", "[wire][greedy]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).limits("requests_per_second: 5")};
    raw_client hasty{gateway.port()};
    auto const begun = std::chrono::steady_clock::now();
    // All at once: however slow this machine is, the gateway has the next one in hand.
    std::string requests;
    for (int i = 0; i < 16; ++i) requests += get_request("/" + std::to_string(i));
    hasty.send(requests);
    for (int i = 0; i < 16; ++i) CHECK(hasty.receive().status() == 200);
    // Sixteen requests touch at least four seconds, of which the first and last may be short.
    CHECK(std::chrono::steady_clock::now() - begun >= 1500ms);
    CHECK(gateway.metrics().sum("gateway_requests_throttled_total") >= 2);
}

TEST_CASE("short of memory, requests get 503 and operators an answer", "[wire][greedy]") {
    imposter_origin origin;
    // Less than the program itself takes.
    gateway_process gateway{all_to(origin.endpoint()).limits("memory: 2MiB")};
    gateway.wait_for_metric("gateway_memory_pressure", 2);
    gateway.wait_for_log("memory is critical");
    // Each core hears of it at its next tick.
    message reply = get(gateway.port(), "/");
    for (int i = 0; i < 1000 && reply.status() == 200; ++i) reply = get(gateway.port(), "/");
    CHECK(reply.status() == 503);
    CHECK(cause_in(reply) == "out_of_memory");
    CHECK(reply.value("Retry-After") == "1");
    CHECK(reply.value("Connection") == "close");
    // Neither is the begin of one kept until the rest comes.
    raw_client slow{gateway.port()};
    slow.send("GET / HTTP/1.1\r\nHost: t\r\nX-A: ");
    reply = slow.receive();
    CHECK(reply.status() == 503);
    CHECK(cause_in(reply) == "out_of_memory");
    CHECK(slow.closed_by_peer());
    CHECK(gateway.metrics().sum("gateway_memory_limit_bytes") == 2 * 1024 * 1024);
    CHECK(gateway.metrics().sum("gateway_memory_used_bytes") > 2 * 1024 * 1024);
}

}  // namespace gateway::support

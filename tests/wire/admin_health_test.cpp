// SPDX-License-Identifier: Apache-2.0
// Is it alive, is it ready: on the admin port, and where a load balancer asks.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace gateway::support {
namespace {

pid_t thread_called(pid_t process, std::string const& name) {
    std::filesystem::directory_iterator const all{"/proc/" + std::to_string(process) + "/task"};
    for (auto const& each : all) {
        std::string found;
        std::getline(std::ifstream{each.path() / "comm"}, found);
        if (found == name) return static_cast<pid_t>(std::stoi(each.path().filename().string()));
    }
    return 0;
}

// Holds one thread of the process still while it lives, as a debugger would.
class held_thread {
public:
    explicit held_thread(pid_t thread) : thread_(thread) {
        if (::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0) return;
        ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr);
        held_ = ::waitpid(thread_, nullptr, __WALL) == thread_;
    }
    ~held_thread() {
        if (held_) ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
    }
    held_thread(held_thread const&) = delete;
    held_thread& operator=(held_thread const&) = delete;
    bool held() const { return held_; }

private:
    pid_t thread_;
    bool held_ = false;
};

message wait_for_status(std::uint16_t port, std::string const& path, int status) {
    auto const until = steady::now() + patience();
    for (;;) {
        auto answer = get(port, path);
        if (answer.status() == status) return answer;
        if (steady::now() > until) throw timed_out{path + " says " + answer.body};
    }
}

std::string const quick =
    ", health_check: { path: /health, interval: 100ms, interval_unhealthy: 100ms, "
    "interval_new: 100ms, timeout: 1s }";

struct patient : imposter_origin {
    patient() {
        when("/health", [this](origin_connection& connection, message const&) {
            connection.send(well ? ok("fine") : "HTTP/1.1 503 Unwell\r\nContent-Length: 0\r\n\r\n");
        });
    }
    std::atomic<bool> well{false};
};

}  // namespace

TEST_CASE("a core that does not answer is named by /livez, until it does", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).runtime("threads: 2")};
    wait_for_status(gateway.admin_port(), "/livez", 200);
    {
        held_thread const stuck{thread_called(gateway.pid(), "core-1")};
        if (!stuck.held()) {
            WARN("no thread may be held still here");
            return;
        }
        auto const answer = wait_for_status(gateway.admin_port(), "/livez", 503);
        CHECK(answer.body.starts_with("core 1 has not answered for 1"));
        CHECK(answer.body.find("core 0") == std::string::npos);
        // What the other core knows is still told.
        CHECK(get(gateway.admin_port(), "/status").status() == 200);
        CHECK(get(gateway.admin_port(), "/readyz").status() == 200);
    }
    CHECK(wait_for_status(gateway.admin_port(), "/livez", 200).body == "live\n");
}

TEST_CASE("readiness waits for endpoints where the settings say so, and stays", "[wire][admin]") {
    patient first;
    patient second;
    auto const policy = GENERATE(as<std::string>{}, "any_endpoint", "every_upstream");
    CAPTURE(policy);
    gateway_process gateway{configuration{}
                                .upstream("first", {first.endpoint()}, quick)
                                .upstream("second", {second.endpoint()}, quick)
                                .route("prefix: /, upstream: first")
                                .route("prefix: /second/, upstream: second")
                                .section("admin", "address: \"127.0.0.1:0\", ready: " + policy)};
    auto const waiting = get(gateway.admin_port(), "/readyz");
    CHECK(waiting.status() == 503);
    CHECK(waiting.body == "waiting for an available endpoint of first, second\n");
    CHECK(gateway.metrics().sum("gateway_ready") == 0);
    first.well = true;
    if (policy == "every_upstream") {
        gateway.wait_for_log("is healthy");
        CHECK(get(gateway.admin_port(), "/readyz").status() == 503);
        second.well = true;
    }
    wait_for_status(gateway.admin_port(), "/readyz", 200);
    gateway.wait_for_log("ready: endpoints are available");
    gateway.wait_for_metric("gateway_ready", 1);
    // An upstream that is lost later would be lost for every gateway.
    first.well = false;
    gateway.wait_for_log("is unhealthy");
    CHECK(get(gateway.admin_port(), "/readyz").status() == 200);
}

TEST_CASE("draining is not ready", "[wire][admin]") {
    gate answer;
    imposter_origin origin;
    origin.when_open(answer, "/long", "finished");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client busy{gateway.port()};
    busy.send(get_request("/long"));
    origin.wait_for_requests(1);
    CHECK(get(gateway.admin_port(), "/readyz").body == "serving\n");
    gateway.signal(SIGTERM);
    CHECK(wait_for_status(gateway.admin_port(), "/readyz", 503).body == "draining\n");
    answer.open();
    CHECK(busy.receive().status() == 200);
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("listeners answer a load balancer themselves, and nobody else sees it", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{
        all_to(origin.endpoint())
            .section("admin", "address: \"127.0.0.1:0\", public_readiness: /healthz")};
    raw_client client{gateway.port()};
    client.send("GET /healthz?x=1 HTTP/1.1\r\nHost: 10.0.0.9:8080\r\n\r\n");
    auto const ready = client.receive();
    CHECK(ready.status() == 200);
    CHECK(ready.body == "ready\n");
    CHECK(ready.value("Cache-Control") == "no-store");
    client.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.receive_only_head().status() == 200);
    client.send(get_request("/healthz/deeper"));
    CHECK(client.receive().body == "hello");
    // The application's own, as any other method.
    client.send(post_request("/healthz", "x"));
    CHECK(client.receive().body == "hello");
    CHECK(origin.requests().size() == 2);
    gateway.wait_for_metric("gateway_readiness_probes_total", 2, {{"ready", "yes"}});
    CHECK(gateway.metrics().sum("gateway_readiness_probes_total", {{"ready", "no"}}) == 0);
    gateway.wait_for_access_lines(2);
    CHECK(gateway.access_lines().size() == 2);
}

TEST_CASE("without the setting the path is the application's", "[wire][admin]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/healthz").body == "hello");
}

TEST_CASE("a load balancer that asks too early is told so", "[wire][admin]") {
    patient origin;
    gateway_process gateway{
        configuration{}
            .upstream("app", {origin.endpoint()}, quick)
            .route("prefix: /, upstream: app")
            .section(
                "admin",
                "address: \"127.0.0.1:0\", ready: every_upstream, public_readiness: /healthz")};
    auto const early = get(gateway.port(), "/healthz");
    CHECK(early.status() == 503);
    CHECK(early.value("Retry-After") == "1");
    CHECK(early.value("Proxy-Status").find("not_ready") != std::string::npos);
    origin.well = true;
    CHECK(wait_for_status(gateway.port(), "/healthz", 200).body == "ready\n");
}

TEST_CASE("readiness is answered when no connection is left", "[wire][admin]") {
    gate go;
    imposter_origin origin;
    origin.when_open(go, "/wait", "done");
    gateway_process gateway{
        all_to(origin.endpoint())
            .limits("connections: 1")
            .section("admin", "address: \"127.0.0.1:0\", public_readiness: /healthz")};
    raw_client busy{gateway.port()};
    busy.send(get_request("/wait"));
    origin.wait_for_requests(1);
    for (int i = 0; i < 20; ++i) CHECK(get(gateway.port(), "/healthz").status() == 200);
    auto const refused = get(gateway.port(), "/other");
    CHECK(refused.status() == 503);
    CHECK(refused.body.find("too_many_connections") != std::string::npos);
    CHECK(origin.requests().size() == 1);
    go.open();
    CHECK(busy.receive().body == "done");
}

}  // namespace gateway::support

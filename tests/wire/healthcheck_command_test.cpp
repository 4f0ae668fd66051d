// SPDX-License-Identifier: Apache-2.0
// `gateway healthcheck` beside gateways in each state, as a container's HEALTHCHECK runs it, and
// the demo's origins alone in theirs.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <csignal>

namespace gateway::support {
namespace {

using Catch::Contains;

finished healthcheck(
    std::vector<std::string> arguments, std::vector<std::string> const& environment = {}) {
    arguments.insert(arguments.begin(), "healthcheck");
    return run_to_end({gateway_binary(), arguments, environment});
}

std::string admin_of(gateway_process const& gateway) {
    return "127.0.0.1:" + std::to_string(gateway.admin_port());
}

// A demo origin on its own, and the port that it says.
class lone_origin {
public:
    explicit lone_origin(std::string const& which)
        : child_{command{
              gateway_binary(), {"demo", "--origins-only", which, "--listen", "127.0.0.1:0"}, {}}} {
        static std::string const words = "listening on 127.0.0.1:";
        auto const said = child_.err().wait_for([](std::string const& log) {
            auto const at = log.find(words);
            return at != log.npos && log.find('\n', at) != log.npos;
        });
        port_ =
            static_cast<std::uint16_t>(std::stoul(said.substr(said.find(words) + words.size())));
    }

    std::uint16_t port() const { return port_; }
    child_process& child() { return child_; }

private:
    child_process child_;
    std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("a gateway is asked where its environment says it listens", "[wire][health-check]") {
    gateway_process const gateway{all_to("127.0.0.1:1")};
    auto const done = healthcheck({}, {"ADMIN_LISTEN=" + admin_of(gateway)});
    CHECK(done.exit_code == 0);
    CHECK(done.out == "healthy: http://" + admin_of(gateway) + "/livez: 200 live\n");
    CHECK(done.err.empty());
    auto const ready = healthcheck({"--ready"}, {"ADMIN_LISTEN=" + admin_of(gateway)});
    CHECK(ready.exit_code == 0);
    CHECK_THAT(ready.out, Contains("/readyz: 200"));
}

TEST_CASE("all interfaces are asked on loopback", "[wire][health-check]") {
    gateway_process const gateway{all_to("127.0.0.1:1").section("admin", "address: \"0.0.0.0:0\"")};
    auto const port = std::to_string(gateway.admin_port());
    auto const listen = GENERATE(as<std::string>{}, "0.0.0.0:", "127.0.0.1:");
    auto const done = healthcheck({}, {"ADMIN_LISTEN=" + listen + port});
    CHECK(done.exit_code == 0);
    CHECK_THAT(done.out, Contains("http://127.0.0.1:" + port + "/livez"));
}

TEST_CASE("a configuration file says where to ask", "[wire][health-check]") {
    gateway_process const gateway{all_to("127.0.0.1:1")};
    temporary_file const file{
        all_to("127.0.0.1:1").section("admin", "address: \"" + admin_of(gateway) + '"').text(),
        ".yaml"};
    CHECK(healthcheck({"-c", file.path()}).exit_code == 0);
}

TEST_CASE("a gateway that drains is live and not ready", "[wire][health-check]") {
    gate open;
    imposter_origin origin;
    origin.when_open(open, "/slow", "late");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send(get_request("/slow"));
    origin.wait_for_requests(1);
    gateway.signal(SIGTERM);
    gateway.wait_for_log("draining");
    auto const live = healthcheck({}, {"ADMIN_LISTEN=" + admin_of(gateway)});
    auto const ready = healthcheck({"--ready"}, {"ADMIN_LISTEN=" + admin_of(gateway)});
    open.open();
    CHECK(live.exit_code == 0);
    CHECK(ready.exit_code == 1);
    CHECK(ready.out.empty());
    CHECK_THAT(ready.err, Contains("unhealthy: ") && Contains("503") && Contains("draining"));
}

TEST_CASE("whoever cannot be asked is unhealthy, and the reason is said", "[wire][health-check]") {
    SECTION("nobody listens") {
        auto const done = healthcheck({}, {"ADMIN_LISTEN=127.0.0.1:1"});
        CHECK(done.exit_code == 1);
        CHECK_THAT(done.err, Contains("http://127.0.0.1:1/livez: Connection refused"));
    }
    SECTION("nobody answers") {
        listening_socket const silent;
        auto const url = "http://127.0.0.1:" + std::to_string(silent.port()) + "/";
        auto const done = healthcheck({"--url", url});
        CHECK(done.exit_code == 1);
        CHECK_THAT(done.err, Contains("no answer within 2000 ms"));
    }
    SECTION("nobody knows the port") {
        auto const done = healthcheck({}, {"ADMIN_LISTEN=127.0.0.1:0"});
        CHECK(done.exit_code == 1);
        CHECK_THAT(done.err, Contains("port 0") && Contains("--url"));
    }
    SECTION("the configuration is wrong") {
        auto const done = healthcheck({}, {"ADMIN_LISTEN=nowhere"});
        CHECK(done.exit_code == 1);
        CHECK_THAT(done.err, Contains("nowhere") && Contains("unhealthy: "));
    }
    SECTION("the address is none") {
        auto const done = healthcheck({"--url", "ftp://127.0.0.1/"});
        CHECK(done.exit_code == 1);
        CHECK_THAT(done.err, Contains("http://HOST:PORT/PATH"));
    }
}

TEST_CASE("each of the demo's origins serves alone", "[wire][health-check][demo]") {
    lone_origin const frontend{"frontend"};
    lone_origin const backend{"backend"};
    CHECK_THAT(get(frontend.port(), "/shop/42").body, Contains("<title>"));
    CHECK(get(frontend.port(), "/api/health").value("Content-Type") != "application/json");
    CHECK_THAT(get(backend.port(), "/api/health").body, Contains("\"status\":\"ok\""));
    auto const url = "http://127.0.0.1:" + std::to_string(backend.port()) + "/api/health";
    CHECK(healthcheck({"--url", url}).exit_code == 0);
}

TEST_CASE("a lone origin finishes what runs before it ends", "[wire][health-check][demo]") {
    lone_origin backend{"backend"};
    raw_client idle{backend.port()};
    idle.send(get_request("/api/health"));
    CHECK(idle.receive().status() == 200);
    raw_client slow{backend.port()};
    slow.send(get_request("/api/slow?ms=2500"));
    raw_client events{backend.port()};
    events.send(get_request("/api/events"));
    backend.child().signal(SIGTERM);
    backend.child().err().wait_for(
        [](std::string const& log) { return log.find("ending gently") != log.npos; });
    // Others are told to look elsewhere, and still served.
    idle.send(get_request("/api/health"));
    auto const last = idle.receive();
    CHECK(last.status() == 503);
    CHECK(last.value("Connection") == "close");
    auto const late = slow.receive();
    CHECK(late.status() == 200);
    CHECK(late.value("Connection") == "close");
    // The endless events are cut at last.
    CHECK(backend.child().wait_exit() == 0);
}

}  // namespace gateway::support

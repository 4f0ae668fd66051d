// SPDX-License-Identifier: Apache-2.0
// Endpoint names that change their addresses, fail and come back, with a programmed name server.
#include "support/dns_server.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <memory>
#include <set>

namespace gateway::support {
namespace {

// Names are asked for ten times a second, unless a test says otherwise.
constexpr char const* quick = "ttl_min: 100ms, ttl_max: 100ms, failure_pause: 100ms";

configuration to_name(
    dns_server const& dns, std::string const& endpoint, std::string const& keys = quick) {
    return all_to(endpoint).section("dns", "servers: [\"" + dns.address() + "\"], " + keys);
}

// With probes that find out within a moment.
configuration probed(dns_server const& dns, std::string const& endpoint) {
    return configuration{}
        .upstream(
            "app", {endpoint},
            ", health_check: { type: tcp, interval: 100ms, interval_unhealthy: 100ms, fall: 1 }")
        .route("prefix: /, upstream: app")
        .section("dns", "servers: [\"" + dns.address() + "\"], " + quick);
}

std::string api_at(std::uint16_t port) { return "api.test:" + std::to_string(port); }

// Asks until the answers were exactly these, each of them at least once.
void wait_for_answers_of(gateway_process const& gateway, std::set<std::string> const& wanted) {
    auto const until = steady::now() + patience();
    for (std::set<std::string> seen; seen != wanted;) {
        seen.clear();
        for (int i = 0; i < 12; ++i) seen.insert(get(gateway.port(), "/").body);
        if (steady::now() > until) FAIL("answered by " << seen.size() << " others");
    }
}

}  // namespace

TEST_CASE("every address of a name is an endpoint", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    imposter_origin three{"127.0.0.3", two.port(), "three"};
    dns_server dns;
    dns.a("api.test", {"127.0.0.2", "127.0.0.3"});
    gateway_process gateway{to_name(dns, api_at(two.port()))};
    wait_for_answers_of(gateway, {"two", "three"});
}

TEST_CASE("a new address is used, one that disappears drains and goes", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    imposter_origin three{"127.0.0.3", two.port(), "three"};
    dns_server dns;
    dns.a("api.test", {"127.0.0.2"});
    std::string const keys{"ttl_min: 100ms, ttl_max: 100ms, absent: 1s"};
    gateway_process gateway{to_name(dns, api_at(two.port()), keys)};
    wait_for_answers_of(gateway, {"two"});
    dns.a("api.test", {"127.0.0.2", "127.0.0.3"});
    wait_for_answers_of(gateway, {"two", "three"});
    dns.a("api.test", {"127.0.0.3"});
    wait_for_answers_of(gateway, {"three"});
    auto const port = std::to_string(two.port());
    gateway.wait_for_log("127.0.0.3:" + port + " of api.test appeared");
    gateway.wait_for_log("127.0.0.2:" + port + " of api.test disappeared");
    gateway.wait_for_log("127.0.0.2:" + port + " of api.test is given up");
    gateway.wait_for_metric("gateway_dns_addresses", 1);
    auto const count = [&](char const* change) {
        return gateway.metrics().sum("gateway_dns_address_changes_total", {{"change", change}});
    };
    CHECK(count("appeared") == 2);
    CHECK(count("disappeared") == 1);
    CHECK(count("dropped") == 1);
}

TEST_CASE("an absent address serves while no present one can", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.a("api.test", {"127.0.0.2"});
    gateway_process gateway{probed(dns, api_at(two.port()))};
    wait_for_answers_of(gateway, {"two"});
    dns.a("api.test", {"127.0.0.4"});  // where nobody listens
    gateway.wait_for_metric("gateway_dns_addresses", 1, {{"state", "absent"}});
    for (int i = 0; i < 10; ++i) CHECK(get(gateway.port(), "/").body == "two");
}

TEST_CASE("an absent address that fails goes at once", "[wire][dns]") {
    auto two = std::make_unique<imposter_origin>("127.0.0.2", 0, "two");
    dns_server dns;
    dns.a("api.test", {"127.0.0.2"});
    gateway_process gateway{probed(dns, api_at(two->port()))};
    wait_for_answers_of(gateway, {"two"});
    dns.a("api.test", {"127.0.0.4"});
    gateway.wait_for_metric("gateway_dns_addresses", 1, {{"state", "absent"}});
    two.reset();
    gateway.wait_for_metric("gateway_dns_addresses", 0, {{"state", "absent"}});
    CHECK(gateway.metrics().sum("gateway_dns_addresses", {{"state", "present"}}) == 1);
}

TEST_CASE("a name server's failure takes no endpoint away", "[wire][dns]") {
    using row = std::pair<dns_failure, char const*>;
    auto const [failure, word] = GENERATE(
        row{dns_failure::nxdomain, "not_found"}, row{dns_failure::servfail, "server_failed"},
        row{dns_failure::refused, "server_failed"}, row{dns_failure::empty, "empty"},
        row{dns_failure::silence, "timed_out"});
    CAPTURE(word);
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.a("api.test", {"127.0.0.2"});
    std::string const keys = std::string{quick} + ", timeout: 500ms, absent: 0ms";
    gateway_process gateway{to_name(dns, api_at(two.port()), keys)};
    wait_for_answers_of(gateway, {"two"});
    dns.fails("api.test", failure);
    gateway.wait_for_metric_at_least("gateway_dns_lookups_total", 2, {{"outcome", word}});
    for (int i = 0; i < 5; ++i) CHECK(get(gateway.port(), "/").body == "two");
    auto const page = gateway.metrics();
    CHECK(page.sum("gateway_dns_addresses", {{"state", "present"}}) == 1);
    CHECK(page.sum("gateway_dns_addresses", {{"state", "absent"}}) == 0);
    gateway.wait_for_log("api.test does not resolve (" + std::string{word});
    dns.a("api.test", {"127.0.0.2"});
    gateway.wait_for_log("api.test resolves again");
}

TEST_CASE("a name that does not resolve at the start is tried again", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.fails("api.test", dns_failure::nxdomain);
    gateway_process gateway{to_name(dns, api_at(two.port()))};
    auto const reply = get(gateway.port(), "/");
    CHECK(reply.status() == 503);
    CHECK(json_object{reply.body}.text("cause") == "name_unresolved");
    dns.a("api.test", {"127.0.0.2"});
    gateway.wait_for_log("of api.test appeared");
    wait_for_answers_of(gateway, {"two"});
}

TEST_CASE("a silent name server delays neither the start nor the end", "[wire][dns]") {
    dns_server dns;
    dns.fails("api.test", dns_failure::silence);
    auto const begun = steady::now();
    gateway_process gateway{to_name(dns, "api.test", "timeout: 1m")};
    CHECK(get(gateway.port(), "/").status() == 503);
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
    CHECK(steady::now() - begun < patience(5s));
}

TEST_CASE("an answer too long for UDP comes over TCP", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.a("api.test", {"127.0.0.2"}).truncates();
    gateway_process gateway{to_name(dns, api_at(two.port()))};
    wait_for_answers_of(gateway, {"two"});
    CHECK(dns.tcp_questions() > 0);
}

TEST_CASE("an alias leads to the addresses of its name", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.a("real.test", {"127.0.0.2"}).cname("api.test", "real.test");
    gateway_process gateway{to_name(dns, api_at(two.port()))};
    wait_for_answers_of(gateway, {"two"});
}

TEST_CASE("a short name is looked for in the search domains", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.a("api.corp.test", {"127.0.0.2"});
    // What resolv.conf(5) lets the environment say in place of its `search` line.
    gateway_process gateway{
        to_name(dns, "api:" + std::to_string(two.port())),
        {.environment = {"LOCALDOMAIN=other.test corp.test"}}};
    wait_for_answers_of(gateway, {"two"});
}

TEST_CASE("the hosts file comes before the name servers", "[wire][dns]") {
    imposter_origin here;
    dns_server dns;
    dns.a("localhost", {"127.0.0.9"});
    gateway_process gateway{to_name(dns, "localhost:" + std::to_string(here.port()))};
    wait_for_answers_of(gateway, {"hello"});
    CHECK(dns.questions("localhost") == 0);
}

TEST_CASE("service records say hosts and ports", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    imposter_origin three{"127.0.0.3", 0, "three"};
    imposter_origin reserve{"127.0.0.5", 0, "reserve"};
    dns_server dns;
    dns.a("a.test", {"127.0.0.2"}).a("b.test", {"127.0.0.3"}).a("c.test", {"127.0.0.5"});
    dns.srv(
        "_http._tcp.api.test",
        {{"a.test", two.port()}, {"b.test", three.port()}, {"c.test", reserve.port(), 1, 2}});
    gateway_process gateway{to_name(dns, "_http._tcp.api.test")};
    wait_for_answers_of(gateway, {"two", "three"});
    dns.srv("_http._tcp.api.test", {{"b.test", three.port()}});
    wait_for_answers_of(gateway, {"three"});
}

TEST_CASE("parts of a larger set are merged, and their order is no change", "[wire][dns]") {
    std::vector<std::string> all;
    for (int i = 10; i < 22; ++i) all.push_back("127.0.0." + std::to_string(i));
    dns_server dns;
    dns.a("api.test", all).rotates("api.test", 8);
    gateway_process gateway{to_name(dns, "api.test")};
    gateway.wait_for_metric("gateway_dns_addresses", 12, {{"state", "present"}});
    dns.wait_for_questions("api.test", dns.questions("api.test") + 10);
    auto const changes = "gateway_dns_address_changes_total";
    CHECK(gateway.metrics().sum(changes) == 12);
    CHECK(gateway.metrics().sum(changes, {{"change", "appeared"}}) == 12);
}

TEST_CASE("a failed connection asks for the name at once, at most once a pause", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.a("api.test", {"127.0.0.4"});
    std::string const slow{"family: ipv4, ttl_min: 1h, ttl_max: 1h, failure_pause: "};
    SECTION("at once") {
        gateway_process gateway{to_name(dns, api_at(two.port()), slow + "100ms")};
        CHECK(get(gateway.port(), "/").status() == 502);
        dns.a("api.test", {"127.0.0.2"});
        wait_for_answers_of(gateway, {"two"});
    }
    SECTION("not again within the pause") {
        gateway_process gateway{to_name(dns, api_at(two.port()), slow + "1h")};
        for (int i = 0; i < 20; ++i) CHECK(get(gateway.port(), "/").status() == 502);
        CHECK(dns.questions("api.test") == 1);
    }
}

TEST_CASE("the long TTL of Docker's name server is cut", "[wire][dns]") {
    dns_server dns{"127.0.0.11"};
    dns.a("api.test", {"127.0.0.2"}, 600);
    gateway_process gateway{to_name(dns, "api.test", "ttl_min: 100ms, docker_ttl_max: 100ms")};
    dns.wait_for_questions("api.test", 6);
}

TEST_CASE("IPv4 does not wait for a server that is silent about IPv6", "[wire][dns]") {
    imposter_origin two{"127.0.0.2", 0, "two"};
    dns_server dns;
    dns.a("api.test", {"127.0.0.2"}).never_answers_aaaa();
    std::string const keys = std::string{quick} + ", family: both, timeout: 5s";
    gateway_process gateway{to_name(dns, api_at(two.port()), keys)};
    gateway.wait_for_log("127.0.0.2:" + std::to_string(two.port()) + " of api.test appeared");
    gateway.wait_for_metric_at_least("gateway_dns_lookups_total", 3, {{"outcome", "found"}});
    CHECK(gateway.metrics().sum("gateway_dns_lookups_total", {{"outcome", "timed_out"}}) == 0);
}

}  // namespace gateway::support

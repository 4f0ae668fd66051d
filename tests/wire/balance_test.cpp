// SPDX-License-Identifier: Apache-2.0
// Which endpoint gets a request, seen from outside.
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <set>

namespace gateway::support {
namespace {

// Origins that answer with their own endpoint.
struct origins {
    explicit origins(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(std::make_unique<imposter_origin>());
            all.back()->otherwise(imposter_origin::ok(all.back()->endpoint()));
            endpoints.push_back(all.back()->endpoint());
        }
    }
    std::vector<std::unique_ptr<imposter_origin>> all;
    std::vector<std::string> endpoints;
};

gateway_process balanced(
    std::vector<std::string> const& endpoints, std::string const& more, int threads = 1) {
    return gateway_process{configuration{}
                               .upstream("app", endpoints, more)
                               .route("prefix: /, upstream: app")
                               .runtime("threads: " + std::to_string(threads))};
}

std::string request(std::string const& path, std::string const& fields) {
    return "GET " + path + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n";
}

std::map<std::string, int> counted(gateway_process const& gateway, int requests) {
    std::map<std::string, int> by;
    for (int i = 0; i < requests; ++i) ++by[get(gateway.port(), "/").body];
    return by;
}

}  // namespace

TEST_CASE("requests spread over all endpoints", "[wire][balance]") {
    auto const method = GENERATE(
        as<std::string>{}, "two_choices", "round_robin", "least_requests", "sticky_cookie");
    CAPTURE(method);
    origins three{3};
    auto const gateway = balanced(three.endpoints, ", balance: { method: " + method + " }");
    auto const by = counted(gateway, 150);
    CHECK(by.size() == 3);
    for (auto const& [endpoint, count] : by) {
        CAPTURE(endpoint);
        CHECK(count >= 25);
        CHECK(count <= 75);
    }
}

TEST_CASE("weights are obeyed", "[wire][balance]") {
    auto const method = GENERATE(as<std::string>{}, "two_choices", "round_robin");
    CAPTURE(method);
    origins two{2};
    configuration settings;
    settings.raw_upstream(
        "app: { endpoints: [\"" + two.endpoints[0] + "\", { address: \"" + two.endpoints[1] +
        "\", weight: 4 }], balance: { method: " + method + " } }");
    settings.route("prefix: /, upstream: app");
    gateway_process const gateway{settings};
    auto by = counted(gateway, 200);
    CHECK(by[two.endpoints[0]] >= 20);
    CHECK(by[two.endpoints[0]] <= 60);
}

TEST_CASE("a hash keeps a key at its endpoint", "[wire][balance]") {
    auto const [hash_on, path, fields] = GENERATE(table<std::string, std::string, std::string>({
        {"header:X-User", "/", "X-User: KEY\r\n"},
        {"header:x-user", "/", "X-User: KEY\r\n"},
        {"cookie:user", "/", "Cookie: a=b; user=KEY; c=d\r\n"},
        {"query:user", "/?x=1&user=KEY", ""},
        {"path", "/KEY", ""},
    }));
    CAPTURE(hash_on);
    origins four{4};
    // Also over several threads, which know nothing of each other.
    auto const gateway =
        balanced(four.endpoints, ", balance: { method: hash, hash_on: \"" + hash_on + "\" }", 2);
    auto const filled = [](std::string text, int key) {
        auto const at = text.find("KEY");
        return at == text.npos ? text : text.replace(at, 3, "user-" + std::to_string(key));
    };
    std::map<int, std::string> first;
    std::set<std::string> used;
    for (int round = 0; round < 3; ++round) {
        for (int key = 0; key < 40; ++key) {
            auto const answer =
                ask(gateway.port(), request(filled(path, key), filled(fields, key))).body;
            auto const [known, fresh] = first.emplace(key, answer);
            CHECK(known->second == answer);
            used.insert(answer);
        }
    }
    CHECK(used.size() == 4);
}

TEST_CASE("when an endpoint goes only its own keys move", "[wire][balance]") {
    origins three{3};
    auto const gateway = balanced(
        three.endpoints,
        ", balance: { method: hash, hash_on: path }, health_check: { type: tcp, interval: 100ms, "
        "interval_unhealthy: 100ms }");
    gateway.wait_for_metric("gateway_endpoint_available", 3, {{"upstream", "app"}});
    std::map<int, std::string> first;
    for (int key = 0; key < 60; ++key) {
        first[key] = get(gateway.port(), "/" + std::to_string(key)).body;
    }
    auto const gone = three.endpoints[1];
    three.all[1].reset();
    gateway.wait_for_metric("gateway_endpoint_available", 2, {{"upstream", "app"}});
    for (int key = 0; key < 60; ++key) {
        auto const now = get(gateway.port(), "/" + std::to_string(key)).body;
        CAPTURE(key);
        if (first[key] == gone) {
            CHECK(now != gone);
        } else {
            CHECK(now == first[key]);
        }
    }
}

TEST_CASE("without the hashed part the client's address decides", "[wire][balance]") {
    origins four{4};
    auto const gateway =
        balanced(four.endpoints, ", balance: { method: hash, hash_on: \"header:X-User\" }");
    CHECK(counted(gateway, 20).size() == 1);
    std::set<std::string> used;
    for (int i = 0; i < 60; ++i) {
        used.insert(ask(gateway.port(),
                        request("/", "X-Forwarded-For: 203.0.113." + std::to_string(i) + "\r\n"))
                        .body);
    }
    CHECK(used.size() == 4);
}

TEST_CASE("a cookie keeps a client at its endpoint", "[wire][balance]") {
    origins three{3};
    auto const gateway = balanced(
        three.endpoints,
        ", balance: { method: sticky_cookie, cookie: app_node, cookie_max_age: 1h, cookie_secure: "
        "true }",
        2);
    std::set<std::string> used;
    for (int client = 0; client < 30; ++client) {
        auto const welcome = get(gateway.port(), "/");
        auto const cookie = welcome.value("Set-Cookie");
        CAPTURE(cookie);
        CHECK(cookie.substr(0, 9) == "app_node=");
        CHECK(cookie.substr(25) == "; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=3600");
        auto const pair = cookie.substr(0, cookie.find(';'));
        for (int i = 0; i < 5; ++i) {
            auto const again = ask(gateway.port(), request("/", "Cookie: x=y; " + pair + "\r\n"));
            CHECK(again.body == welcome.body);
            CHECK(!again.has("Set-Cookie"));
        }
        used.insert(welcome.body);
    }
    CHECK(used.size() == 3);
    SECTION("one that names nobody is replaced") {
        auto const value = GENERATE(as<std::string>{}, "0000000000000001", "zzzzzzzzzzzzzzzz", "1");
        auto const reply = ask(gateway.port(), request("/", "Cookie: app_node=" + value + "\r\n"));
        CHECK(reply.status() == 200);
        CHECK(reply.has("Set-Cookie"));
    }
}

TEST_CASE("endpoints of the own zone come first", "[wire][balance]") {
    origins two{2};
    configuration settings;
    settings.raw_upstream(
        "app: { endpoints: [{ address: \"" + two.endpoints[0] + "\", zone: here }, { address: \"" +
        two.endpoints[1] +
        "\", zone: there }], health_check: { type: tcp, interval: 100ms, interval_unhealthy: "
        "100ms } }");
    settings.route("prefix: /, upstream: app");
    SECTION("by the setting") { settings.runtime("threads: 1, zone: here"); }
    SECTION("by the environment") {}
    process_options options;
    options.environment = {"AWS_AVAILABILITY_ZONE=here"};
    gateway_process const gateway{settings, options};
    gateway.wait_for_metric("gateway_endpoint_available", 2, {{"upstream", "app"}});
    CHECK(counted(gateway, 20) == std::map<std::string, int>{{two.endpoints[0], 20}});
    two.all[0].reset();
    gateway.wait_for_metric("gateway_endpoint_available", 1, {{"upstream", "app"}});
    CHECK(get(gateway.port(), "/").body == two.endpoints[1]);
}

TEST_CASE("an endpoint gets no more requests than its limit", "[wire][balance]") {
    gate go;
    imposter_origin origin;
    origin.when_open(go, "/slow", "slow");
    auto const limit = GENERATE(as<std::string>{}, "requests: 1", "connections: 1");
    auto const gateway = balanced({origin.endpoint()}, ", endpoint_limits: { " + limit + " }");
    raw_client first{gateway.port()};
    first.send(get_request("/slow"));
    origin.wait_for_requests(1);
    auto const full = get(gateway.port(), "/");
    CHECK(full.status() == 503);
    CHECK(full.has("Retry-After"));
    CHECK(json_object{full.body}.text("cause") == "endpoints_full");
    go.open();
    CHECK(first.receive().body == "slow");
    CHECK(get(gateway.port(), "/").status() == 200);
    CHECK(origin.connections() == 1);
}

TEST_CASE("a full endpoint's requests go to the others", "[wire][balance]") {
    gate go;
    origins two{2};
    for (auto const& each : two.all) {
        each->when("/slow", [&](origin_connection& connection, message const&) {
            go.wait();
            connection.send(imposter_origin::ok("slow"));
        });
    }
    auto const gateway = balanced(two.endpoints, ", endpoint_limits: { requests: 1 }");
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < 2; ++i) {
        clients.push_back(std::make_unique<raw_client>(gateway.port()));
        clients.back()->send(get_request("/slow"));
        gateway.wait_for_metric("gateway_endpoint_requests_in_flight", i + 1);
    }
    two.all[0]->wait_for_requests(1);
    two.all[1]->wait_for_requests(1);
    CHECK(get(gateway.port(), "/").status() == 503);
    go.open(2);
    for (auto const& each : clients) CHECK(each->receive().body == "slow");
}

TEST_CASE("the page shows requests and connections of each endpoint", "[wire][balance]") {
    origins one{1};
    auto const gateway = balanced(one.endpoints, "");
    for (int i = 0; i < 5; ++i) get(gateway.port(), "/");
    metrics_text::labels const by{{"upstream", "app"}, {"endpoint", one.endpoints[0]}};
    gateway.wait_for_metric("gateway_endpoint_requests_total", 5, by);
    gateway.wait_for_metric("gateway_endpoint_requests_in_flight", 0, by);
    gateway.wait_for_metric("gateway_endpoint_connections", 1, by);
    CHECK(gateway.metrics().sum("gateway_endpoint_listed", by) == 1);
}

}  // namespace gateway::support

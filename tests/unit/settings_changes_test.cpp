// SPDX-License-Identifier: Apache-2.0
// What a reload changes, and what it cannot.
#include "settings/changes.hpp"
#include "settings/load.hpp"
#include "settings/schema.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace gateway;
using settings::snapshot;

namespace {

snapshot load(std::string const& text) {
    auto loaded = settings::load_text(text, "g.yaml", [](auto) { return std::nullopt; });
    for (auto const& each : loaded.problems) UNSCOPED_INFO(settings::to_text(each));
    REQUIRE(loaded.value);
    return *loaded.value;
}

std::string const base =
    "upstreams:\n  app: { endpoints: [app:8080] }\n"
    "routes:\n  - { prefix: /, upstream: app }\n";

// Another value for every key that takes a restart.
std::string const everything_else =
    "listeners: [ { address: 8081 } ]\n"
    "admin: { address: 8082, token: 0123456789abcdef0123, ready: every_upstream, "
    "public_readiness: /ready }\n"
    "metrics: { duration_buckets: [1s], series: 10, nginx: false, cloudwatch: true, "
    "cloudwatch_interval: 5s, cloudwatch_namespace: Mine }\n"
    "tracing: { mode: propagate, sample: 0.5, endpoint: 'http://collector:4318/v1/traces', "
    "errors: false, service_name: shop, attributes: { stage: test }, headers: { X-Key: a }, "
    "queue: 32, batch: 16, interval: 2s, timeout: 6s, retry_for: 20s }\n"
    "limits: { memory: 1GiB }\n"
    "logging: { access_file: /x/y, access_buffer: 2MiB }\n"
    "runtime: { threads: 7, zone: here }\n"
    "dns: { servers: [10.0.0.2], family: ipv4, ttl_min: 2s, ttl_max: 20s, docker_ttl_max: 3s, "
    "timeout: 6s, failure_pause: 2s, absent: 2m, partial_from: 9, merged_answers: 9, "
    "merged_for: 3m, addresses: 128, lookups: 16 }\n";

}  // namespace

TEST_CASE("every key that takes a restart is noticed, and kept as it is", "[unit][reload]") {
    snapshot const running = load(base);
    snapshot wanted = load(base + everything_else);
    auto const told = settings::restart_keys_changed(running, wanted);
    for (settings::row const& one : settings::rows()) {
        bool const whole =
            one.path.find("[]") == one.path.npos && one.value.shape != settings::shape::section;
        if (one.change != settings::reload::restart || !whole) continue;
        CAPTURE(one.path);
        // A new key of this kind belongs into everything_else and into keep_restart_values().
        CHECK(std::find(told.begin(), told.end(), one.path) != told.end());
    }
    settings::keep_restart_values(running, wanted);
    CHECK(settings::restart_keys_changed(running, wanted).empty());
    CHECK(wanted == running);
}

TEST_CASE("changes are told by name, and long lists of them by number", "[unit][reload]") {
    snapshot const before = load(base);
    CHECK(settings::describe_changes(before, before) == "nothing changed");
    snapshot const after = load(
        "upstreams:\n  app: { endpoints: [app:8081] }\n  b: { endpoints: [b] }\n"
        "routes:\n  - { prefix: /a, upstream: app }\n  - { prefix: /b, upstream: b }\n"
        "timeouts: { connect: 1s }\n");
    CHECK(
        settings::describe_changes(before, after) ==
        "routes: 2 new (/a, /b), 1 gone (/); upstreams: 1 new (b), 1 changed (app); 1 other key "
        "(timeouts.connect)");
    std::string many = "upstreams:\n  app: { endpoints: [app:8080] }\nroutes:\n";
    for (int i = 0; i < 9; ++i)
        many += "  - { prefix: /" + std::to_string(i) + ", upstream: app }\n";
    CHECK(
        settings::describe_changes(before, load(many)) ==
        "routes: 9 new (/0, /1, /2, /3, /4, ...), 1 gone (/)");
}

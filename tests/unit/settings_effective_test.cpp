// SPDX-License-Identifier: Apache-2.0
// The settings in effect, written as a file, are the same settings when they are read again.
#include "settings/effective.hpp"
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

using namespace gateway::settings;

std::optional<std::string> variable(std::string_view) { return "from-the-environment"; }

snapshot loads(std::string const& text) {
    loaded const result = load_text(text, "g.yaml", variable);
    std::string problems;
    for (problem const& one : result.problems) problems += to_text(one) + '\n';
    CAPTURE(text, problems);
    REQUIRE(result.value);
    return *result.value;
}

std::string content_of(std::filesystem::path const& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

// Masked values are no longer what they were.
snapshot without_header_values(snapshot all) {
    for (route& each : all.routes) {
        for (header_edits* edits : {&each.request_headers, &each.response_headers}) {
            for (auto* pairs : {&edits->add, &edits->set}) {
                for (auto& [name, value] : *pairs) value = "***";
            }
        }
    }
    for (upstream& each : all.upstreams) {
        for (auto& [name, value] : each.health_check.headers) value = "***";
    }
    for (request_test& each : all.tests) {
        for (auto* pairs : {&each.headers, &each.expect.sends, &each.expect.answers}) {
            for (auto& [name, value] : *pairs) value = "***";
        }
    }
    return all;
}

}  // namespace

TEST_CASE("what is written loads as the same settings", "[unit][settings]") {
    std::filesystem::path const folder =
        std::filesystem::path{GATEWAY_SOURCE_DIR} / "config" / "examples";
    std::size_t seen = 0;
    for (auto const& entry : std::filesystem::directory_iterator{folder}) {
        CAPTURE(entry.path().string());
        snapshot const before = loads(content_of(entry.path()));
        std::string const text = effective_text(before);
        CAPTURE(text);
        CHECK(loads(text) == without_header_values(before));
        ++seen;
    }
    CHECK(seen > 10);
}

TEST_CASE("odd names and values survive being written", "[unit][settings]") {
    snapshot const before = loads(R"(
upstreams:
  null-ish: { endpoints: [ { address: "[fd00::7]:5000", weight: 7, zone: "eu $$1 \"a\" \\ #" } ] }
routes:
  - { name: "- *a: [b], {c} & !d | > % ' \" $$ é", prefix: "/a%20b/", upstream: null-ish }
  - { name: "null", path: /x, host: "*.example.com", methods: [GET, POST], upstream: null-ish }
forwarding: { trusted_proxies: [] }
logging: { redact: [] }
)");
    std::string const text = effective_text(before);
    CAPTURE(text);
    CHECK(loads(text) == before);
}

TEST_CASE("secrets and header values are masked, their names are not", "[unit][settings]") {
    snapshot const all = loads(R"(
admin: { token: "0123456789abcdef-token" }
upstreams:
  app:
    endpoints: [app]
    health_check: { headers: { Authorization: Basic-c2VjcmV0 } }
routes:
  - prefix: /
    upstream: app
    request_headers: { set: { X-Api-Key: k-123 } }
    response_headers: { add: { Strict-Transport-Security: max-age=9 } }
)");
    std::string const text = effective_text(all);
    CAPTURE(text);
    for (auto const shown :
         {"token:", "Authorization:", "X-Api-Key:", "Strict-Transport-Security:"}) {
        CHECK(text.find(shown) != std::string::npos);
    }
    for (auto const hidden : {"0123456789abcdef", "c2VjcmV0", "k-123", "max-age=9"}) {
        CHECK(text.find(hidden) == std::string::npos);
    }
}

// SPDX-License-Identifier: Apache-2.0
// A configuration on trial: compared with the running one on live requests, without acting by it,
// then promoted or dropped.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/json_value.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>

namespace gateway::support {
namespace {

json_value shown(gateway_process const& gateway) {
    return json_value::parse(get(gateway.admin_port(), "/config/candidate").body);
}

bool holds(std::string const& text, std::string const& part) {
    CAPTURE(text, part);
    return text.find(part) != text.npos;
}

struct stage {
    imposter_origin old;
    imposter_origin fresh;

    stage() {
        old.otherwise(imposter_origin::ok("old"));
        fresh.otherwise(imposter_origin::ok("fresh"));
    }
    configuration settings(char const* api, std::string const& more = {}) const {
        return configuration{}
            .upstream("old", {old.endpoint()})
            .upstream("fresh", {fresh.endpoint()})
            .route("prefix: /, upstream: old")
            .route(std::string{"prefix: /api, name: api, upstream: "} + api + more)
            .runtime("threads: 2");
    }
};

}  // namespace

TEST_CASE("a candidate is compared on live requests and promoted", "[wire][candidate]") {
    stage behind;
    gateway_process gateway{behind.settings("old")};
    CHECK(!shown(gateway)["loaded"].flag());
    gateway.write_settings(
        behind.settings("fresh", ", request_headers: { set: { x-key: hidden } }").text());
    auto const loaded = post(gateway, "/config/candidate");
    CHECK(loaded.status() == 200);
    CHECK(holds(loaded.body, "routes: 1 changed (api)"));
    gateway.wait_for_log("is compared with configuration 1, asked by 127.0.0.1");

    // Nothing of it is acted upon.
    for (int i = 0; i < 4; ++i) CHECK(get(gateway.port(), "/api/cart?token=1").body == "old");
    for (int i = 0; i < 3; ++i) CHECK(get(gateway.port(), "/").body == "old");
    CHECK(behind.fresh.connections() == 0);
    auto const found = shown(gateway);
    CHECK(found["loaded"].flag());
    CHECK(found["file"].text() == gateway.settings_path());
    CHECK(found["compared_with_generation"].number() == 1);
    CHECK(found["compared"].number() == 7);
    CHECK(found["different"].number() == 4);
    CHECK(found["different_in"]["upstream"].number() == 4);
    REQUIRE(found["rows"].size() == 1);
    auto const& row = found["rows"][0];
    CHECK(row["requests"].number() == 4);
    CHECK(row["running_route"].text() == "api");
    CHECK(row["example"]["path"].text() == "/api/cart");
    CHECK(row["differences"].with("in", "upstream")["running"].text() == "old");
    CHECK(row["differences"].with("in", "upstream")["candidate"].text() == "fresh");
    CHECK(row["differences"].with("in", "request_fields")["candidate"].text() == "adds x-key");
    auto metrics = gateway.metrics();
    CHECK(metrics.sum("gateway_config_candidate") == 1);
    metrics_text::labels const different{{"result", "different"}};
    CHECK(metrics.sum("gateway_config_candidate_requests_total", different) == 4);
    CHECK(metrics.sum("gateway_config_candidate_requests_total", {{"result", "same"}}) == 3);

    auto const promoted = post(gateway, "/config/candidate/promote");
    CHECK(promoted.status() == 200);
    gateway.wait_for_log("promoted by 127.0.0.1: configuration 2 is in effect");
    CHECK(get(gateway.port(), "/api").body == "fresh");
    CHECK(!shown(gateway)["loaded"].flag());
    CHECK(gateway.metrics().sum("gateway_config_candidate") == 0);
    CHECK(
        gateway.metrics().sum("gateway_admin_changes_total", {{"change", "candidate_promoted"}}) ==
        1);
}

TEST_CASE("a candidate may stand beside the configuration, and be dropped", "[wire][candidate]") {
    stage behind;
    gateway_process gateway{behind.settings("old")};
    auto const here = std::filesystem::path{gateway.settings_path()};
    auto const beside = here.parent_path() / (here.filename().string() + ".next");
    std::ofstream{beside} << behind.settings("fresh").text();
    auto const file = "?file=" + beside.filename().string();
    CHECK(post(gateway, "/config/candidate" + file).status() == 200);
    CHECK(get(gateway.port(), "/api").body == "old");
    CHECK(shown(gateway)["different"].number() == 1);
    // Another configuration in effect: what was counted against the old one is forgotten.
    gateway.reload(behind.settings("old", ", limits: { body: 1KiB }"));
    gateway.wait_for_log("is compared with configuration 2 from now on");
    CHECK(shown(gateway)["compared"].number() == 0);
    CHECK(shown(gateway)["compared_with_generation"].number() == 2);
    auto const dropped = post(gateway, "/config/candidate/drop");
    CHECK(dropped.body == "Candidate " + beside.string() + " is dropped.\n");
    CHECK(!shown(gateway)["loaded"].flag());
    CHECK(get(gateway.port(), "/api").body == "old");
    // Promoted from another file, it says that the next reload brings the old one back.
    CHECK(post(gateway, "/config/candidate" + file).status() == 200);
    CHECK(holds(post(gateway, "/config/candidate/promote").body, "copy the candidate over it"));
    gateway.wait_for_log("configuration 3 is in effect");
    CHECK(get(gateway.port(), "/api").body == "fresh");
    std::filesystem::remove(beside);
}

TEST_CASE("what cannot be compared or promoted is refused and says why", "[wire][candidate]") {
    stage behind;
    gateway_process gateway{behind.settings("old")};
    CHECK(post(gateway, "/config/candidate/promote").status() == 409);
    CHECK(post(gateway, "/config/candidate/drop").status() == 409);
    gateway.write_settings(behind.settings("old").text() + "nonsense: 1\n");
    auto const wrong = post(gateway, "/config/candidate");
    CHECK(wrong.status() == 422);
    CHECK(holds(wrong.body, "1 problem; nothing is compared."));
    CHECK(holds(wrong.body, gateway.settings_path() + ":"));
    CHECK(holds(wrong.body, "found \"nonsense\""));
    for (auto const* file : {"../etc/passwd", "/etc/passwd", "%2Fetc%2Fpasswd", ".", "..", ""}) {
        CAPTURE(file);
        CHECK(post(gateway, std::string{"/config/candidate?file="} + file).status() == 400);
    }
    CHECK(post(gateway, "/config/candidate?file=nothing.yaml").status() == 422);
    CHECK(!shown(gateway)["loaded"].flag());
    CHECK(gateway.metrics().sum("gateway_config_generation") == 1);
    // From a page of another site it is nobody's wish.
    CHECK(post(gateway, "/config/candidate", "Origin: http://evil.example\r\n").status() == 403);
}

TEST_CASE("a gateway without a file has no candidate", "[wire][candidate]") {
    auto demo = gateway_process::demo();
    CHECK(post(demo, "/config/candidate").status() == 409);
}

}  // namespace gateway::support

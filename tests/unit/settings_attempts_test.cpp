// SPDX-License-Identifier: Apache-2.0
// The settings of attempts: their defaults, and those of a split.
#include "settings/load.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace gateway;
using namespace gateway::settings;

namespace {

snapshot loads(std::string const& text) {
    loaded const result = load_text(text, "g.yaml", [](std::string_view) { return std::nullopt; });
    for (problem const& one : result.problems) FAIL_CHECK(to_text(one));
    REQUIRE(result.value);
    return *result.value;
}

}  // namespace

TEST_CASE("every default of attempts is as documented", "[unit][settings]") {
    snapshot const all =
        loads("upstreams: {a: {endpoints: [x]}}\nroutes: [{prefix: /, upstream: a}]\n");
    route const& only = all.routes.front();
    CHECK_FALSE(only.retry_extra_tries);
    CHECK_FALSE(only.split_by);
    CHECK(only.mirror.upstream.empty());
    upstream const& first = all.upstreams.front();
    CHECK(first.retries.extra_tries == 1);
    CHECK(first.retries.on_status.empty());
    CHECK(first.retries.replay_buffer == 64_KiB);
    CHECK(first.retries.budget_percent == 20);
    CHECK(first.retries.budget_min == 3);
    CHECK(first.queue.requests == 200);
    CHECK(first.queue.wait == 3s);
    CHECK_FALSE(first.keep_alive.idle);
    CHECK(first.keep_alive.max_age == 5min);
}

TEST_CASE("a split and its key arrive in their members", "[unit][settings]") {
    auto const [text, part, name] = GENERATE(table<std::string, hash_part, std::string>({
        {"client_address", hash_part::client_address, ""},
        {"path", hash_part::path, ""},
        {"\"header:X-User\"", hash_part::header, "X-User"},
        {"cookie:sid", hash_part::cookie, "sid"},
        {"\"query:q\"", hash_part::query, "q"},
    }));
    snapshot const all = loads(
        "upstreams: {a: {endpoints: [x]}, b: {endpoints: [y]}}\n"
        "routes: [{prefix: /, split: {a: 95, b: 5}, split_by: " +
        text + "}]\n");
    std::vector<std::pair<std::string, std::uint32_t>> const shares{{"a", 95}, {"b", 5}};
    CHECK(all.routes.front().split == shares);
    CHECK(all.routes.front().split_by == hash_source{part, name});
    CHECK(all.routes.front().upstream.empty());
}

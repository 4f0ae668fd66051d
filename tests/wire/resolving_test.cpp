// SPDX-License-Identifier: Apache-2.0
// Endpoints by name: resolved while the gateway runs, and a name that does not resolve is the
// trouble of its own route only.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {

TEST_CASE("an endpoint may be a name", "[wire][resolving]") {
    imposter_origin origin;
    gateway_process gateway{all_to("localhost:" + std::to_string(origin.port()))};
    CHECK(get(gateway.port(), "/").body == "hello");
}

TEST_CASE("an unresolvable name stops neither the start nor the others", "[wire][resolving]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {origin.endpoint()})
                                .upstream("lost", {"no-such-host.invalid:80"})
                                .route("prefix: /, upstream: app")
                                .route("prefix: /lost/, upstream: lost")};
    // Asked first, so that a lookup that blocked the core would show in the second answer.
    raw_client lost{gateway.port()};
    lost.send(get_request("/lost/"));
    CHECK(get(gateway.port(), "/").body == "hello");
    auto const reply = lost.receive();
    CHECK(reply.status() == 503);
    CHECK(json_object{reply.body}.text("cause") == "name_unresolved");
    CHECK(get(gateway.port(), "/").body == "hello");
}

TEST_CASE("an unresolvable endpoint beside a good one does no harm", "[wire][resolving]") {
    imposter_origin origin;
    gateway_process gateway{configuration{}
                                .upstream("app", {"no-such-host.invalid:80", origin.endpoint()})
                                .route("prefix: /, upstream: app")};
    for (int i = 0; i < 10; ++i) REQUIRE(get(gateway.port(), "/").body == "hello");
}

}  // namespace gateway::support

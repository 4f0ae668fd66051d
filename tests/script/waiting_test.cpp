// SPDX-License-Identifier: Apache-2.0
// What an exchange holds while others work.
#include "stage.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway;

TEST_CASE("an exchange that awaits its response holds no memory for it", "[script][waiting]") {
    script::stage on;
    script::peer client = on.connect_client();
    client.send("GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    REQUIRE(on.run_until([&] { return on.origin_was_asked(); }));
    script::peer const origin = on.accept_origin();
    std::string asked;
    REQUIRE(on.run_until([&] {
        origin.receive(asked);
        return asked.ends_with("\r\n\r\n");
    }));
    // Its own state and the request's bytes.
    CHECK(on.core().blocks().bytes_lent() == 2 * runtime::block_pool::small_bytes);

    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    std::string answered;
    CHECK(on.run_until([&] {
        client.receive(answered);
        return answered.ends_with("hello");
    }));
    CHECK(on.is_clean_after(client));
}

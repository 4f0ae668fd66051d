// SPDX-License-Identifier: Apache-2.0
// The instruments, held against each other without a gateway between them: what the wire tests
// conclude from them must not rest on their mistakes.
#include "support/child_process.hpp"
#include "support/gate.hpp"
#include "support/imposter_origin.hpp"
#include "support/json_object.hpp"
#include "support/metrics_text.hpp"
#include "support/pattern.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {

TEST_CASE("a client and an origin understand each other without a gateway", "[wire][support]") {
    imposter_origin origin;
    origin.when(
        "/chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6\r\n world\r\n0\r\nDigest: x\r\n\r\n");
    origin.when("/close", [](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n\r\nuntil the end").close();
    });
    raw_client client{origin.port()};

    client.send_in_pieces(post_request("/any", "abc", "X-A: 1\r\nx-a:  2 \r\n"), 1);
    CHECK(client.receive().body == "hello");
    CHECK(origin.last_request().body == "abc");
    CHECK(origin.last_request().value("X-A") == "1, 2");

    client.send(get_request("/chunked?x=1"));
    auto const chunked = client.receive();
    CHECK(chunked.body == "hello world");
    CHECK(chunked.pieces == 2);
    REQUIRE(chunked.trailers.size() == 1);
    CHECK(chunked.trailers[0].name == "Digest");

    client.send("POST /any HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send_chunk("ab").send_chunk("c").send_chunk("");
    CHECK(client.receive().status() == 200);
    CHECK(origin.last_request().body == "abc");

    client.send(get_request("/close"));
    CHECK(client.receive().body == "until the end");
    CHECK(client.closed_by_peer());
    CHECK(origin.connections() == 1);
    CHECK(origin.requests().size() == 4);
    origin.wait_for_open_connections(0);
}

TEST_CASE("each end of a connection is told apart", "[wire][support]") {
    gate answered;
    imposter_origin origin{[&](origin_connection& connection) {
        if (connection.index() == 0) return connection.reset();
        connection.half_close();
        connection.receive_bytes(4);
        answered.open();
    }};
    raw_client reset{origin.port()};
    CHECK_THROWS_AS(reset.receive_bytes(1), connection_lost);
    raw_client half{origin.port()};
    CHECK(half.receive_to_end().empty());
    half.send("more");
    answered.wait();
}

TEST_CASE("a wrong byte of a large body is found", "[wire][support]") {
    pattern_source source;
    auto bytes = source.take(3'000'000);
    pattern_check right;
    right.take(bytes);
    CHECK(right.is(3'000'000));
    bytes[2'345'678] = static_cast<char>(bytes[2'345'678] ^ 1);
    pattern_check wrong;
    wrong.take(bytes);
    CHECK(wrong.first_wrong() == 2'345'678u);
}

TEST_CASE("a program's output and end are seen", "[wire][support]") {
    auto const done =
        run_to_end({"/bin/sh", {"-c", "echo out $WORD; echo err >&2; exit 3"}, {"WORD=here"}});
    CHECK(done.exit_code == 3);
    CHECK(done.out == "out here\n");
    CHECK(done.err == "err\n");
    child_process sleeper{{"/bin/sleep", {"1000"}, {}}};
    sleeper.signal(15);
    CHECK(sleeper.wait_exit() == 128 + 15);
}

TEST_CASE("JSON lines and metrics are read as they are", "[wire][support]") {
    json_object const line{R"({"path":"/a\"b\u0041","status":200,"upstream":null})"};
    CHECK(line.text("path") == "/a\"bA");
    CHECK(line.number("status") == 200);
    CHECK_THROWS(json_object{R"({"a":1)"});
    CHECK_THROWS(json_object{R"({"a":1,"a":2})"});
    CHECK_THROWS(json_object{"{\"a\":\"\n\"}"});
    metrics_text const text{"# TYPE n counter\nn{a=\"1\",b=\"2\"} 3\nn{a=\"2\"} 4\nn_sum 9\n"};
    CHECK(text.sum("n") == 7);
    CHECK(text.sum("n", {{"b", "2"}}) == 3);
    CHECK_FALSE(text.has("n_count"));
}

}  // namespace gateway::support

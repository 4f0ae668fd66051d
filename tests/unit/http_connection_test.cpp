// SPDX-License-Identifier: Apache-2.0
// What Connection says, how long a connection lives, and when it becomes another protocol.
#include "http/hop_by_hop.hpp"
#include "http/persistence.hpp"
#include "http/upgrade.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

namespace gateway::http {
namespace {

parsed_ptr<parsed_request> request_with(std::string_view fields, std::string_view version = "1.1") {
    return good_request(
        "GET / HTTP/" + std::string{version} + "\r\nHost: a\r\n" + std::string{fields} + "\r\n");
}

connection_options options_of(head const& message) {
    connection_options options;
    REQUIRE(parse_connection(message, options) == cause::none);
    return options;
}

TEST_CASE("Connection lists options in any case and over several fields", "[unit][http]") {
    auto const request = request_with(
        "Connection: Keep-Alive, X-Secret ,,\r\nX-Secret: 1\r\nconnection: UPGRADE,x-other\r\n");
    auto const options = options_of(request->head);
    CHECK(options.keep_alive);
    CHECK(options.upgrade);
    CHECK_FALSE(options.close);
    CHECK(options.name_count == 2);
    auto const none = options_of(request_with("")->head);
    CHECK_FALSE((none.keep_alive || none.close || none.upgrade || none.name_count != 0));
}

TEST_CASE("fields named by Connection do not travel on", "[unit][http]") {
    auto const request = request_with(
        "Connection: close, x-secret, Host, content-length, x-sec\r\nX-Secret: 1\r\n"
        "X-Secrets: 2\r\nContent-Length: 0\r\nX_Secret: 3\r\n");
    auto const& head = request->head;
    auto const options = options_of(head);
    std::string named;
    for (auto const& f : head.fields()) {
        if (named_by_connection(head, options, f)) named += std::string{head.name(f)} + ' ';
    }
    // Host and Content-Length stay: RFC 9110 7.6.1 lets a client name only what is optional.
    CHECK(named == "X-Secret ");
}

TEST_CASE("the names of Connection survive the buffer's move", "[unit][http]") {
    auto const request = request_with("Connection: x-secret\r\nX-Secret: 1\r\n");
    auto const options = options_of(request->head);
    auto const moved = request->text;
    request->head.rebase(moved.data());
    request->text.assign(request->text.size(), '?');
    CHECK(named_by_connection(request->head, options, request->head.fields()[2]));
}

TEST_CASE("a Connection field that is no list of tokens is refused", "[unit][http]") {
    auto const verdict = [](std::string_view fields) {
        connection_options options;
        return word_of(parse_connection(request_with(fields)->head, options));
    };
    CHECK(verdict("Connection: close; x\r\n") == "malformed_field");
    CHECK(verdict("Connection: keep alive\r\n") == "malformed_field");
    CHECK(verdict("Connection: \"close\"\r\n") == "malformed_field");
    CHECK(verdict("Connection: \xff\r\n") == "malformed_field");
    CHECK(verdict("Connection:\r\n") == "none");
    std::string names;
    for (std::size_t i = 0; i < connection_options_max; ++i) names += "a,";
    CHECK(verdict("Connection: " + names + "\r\n") == "none");
    CHECK(verdict("Connection: " + names + "b\r\n") == "malformed_field");
}

TEST_CASE("a connection persists as its version and options say", "[unit][http]") {
    auto const persists = [](std::string_view version, std::string_view fields) {
        auto const request = request_with(fields, version);
        return wants_keep_alive(request->head, options_of(request->head));
    };
    CHECK(persists("1.1", ""));
    CHECK(persists("1.1", "Connection: keep-alive\r\n"));
    CHECK_FALSE(persists("1.1", "Connection: close\r\n"));
    CHECK_FALSE(persists("1.1", "Connection: keep-alive, close\r\n"));
    CHECK_FALSE(persists("1.0", ""));
    CHECK(persists("1.0", "Connection: Keep-Alive\r\n"));
    CHECK_FALSE(persists("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
    CHECK_FALSE(persists("1.0", "Keep-Alive: timeout=5\r\n"));
}

TEST_CASE("an upgrade is asked for by two fields and no body", "[unit][http]") {
    auto const asks = [](std::string_view fields, std::string_view version = "1.1") {
        auto const request = request_with(fields, version);
        return is_upgrade_request(request->head, options_of(request->head));
    };
    CHECK(asks("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    CHECK(asks("Connection: keep-alive, upgrade\r\nUpgrade: WebSocket\r\n"));
    CHECK(asks("Connection: upgrade\r\nUpgrade: foo/2, bar\r\n"));
    CHECK(asks("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"));
    CHECK_FALSE(asks("Upgrade: websocket\r\n"));
    CHECK_FALSE(asks("Connection: upgrade\r\n"));
    CHECK_FALSE(asks("Connection: upgrade\r\nUpgrade:\r\n"));
    CHECK_FALSE(asks("Connection: upgrade\r\nUpgrade: a b\r\n"));
    CHECK_FALSE(asks("Connection: upgrade\r\nUpgrade: a/\r\n"));
    CHECK_FALSE(asks("Connection: upgrade\r\nUpgrade: /1\r\n"));
    CHECK_FALSE(asks("Connection: upgrade\r\nUpgrade: websocket\r\n", "1.0"));
    CHECK_FALSE(asks("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n"));
    CHECK_FALSE(
        asks("Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n"));
    // A server that speaks h2c would take requests that the gateway never sees.
    CHECK_FALSE(asks("Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\n"));
    CHECK_FALSE(asks("Connection: upgrade\r\nUpgrade: websocket, H2C\r\n"));
}

TEST_CASE("an upgrade is accepted only to a protocol that was offered", "[unit][http]") {
    auto const accepted = [](std::string_view offered, std::string_view answer) {
        auto const request =
            request_with("Connection: upgrade\r\nUpgrade: " + std::string{offered} + "\r\n");
        auto const response =
            good_response(std::string{"HTTP/1.1 "}.append(answer).append("\r\n\r\n"));
        return upgrade_accepted(request->head, response->head, options_of(response->head));
    };
    auto const switched = [&](std::string_view offered, std::string_view protocol) {
        std::string answer{"101\r\nConnection: upgrade\r\nUpgrade: "};
        return accepted(offered, answer.append(protocol));
    };
    CHECK(switched("websocket", "websocket"));
    CHECK(switched("foo/2, websocket", "WebSocket"));
    CHECK_FALSE(switched("websocket", "h2c"));
    CHECK_FALSE(switched("websocket", "websocket, other"));
    CHECK_FALSE(accepted("websocket", "101\r\nConnection: upgrade"));
    CHECK_FALSE(accepted("websocket", "101\r\nUpgrade: websocket"));
    CHECK_FALSE(accepted("websocket", "200\r\nConnection: upgrade\r\nUpgrade: websocket"));
}

}  // namespace
}  // namespace gateway::http

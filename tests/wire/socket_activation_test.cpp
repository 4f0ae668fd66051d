// SPDX-License-Identifier: Apache-2.0
// The service manager opens the sockets and hands them over: sd_listen_fds(3).
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/socket.h>

#include <optional>
#include <string>

namespace gateway::support {
namespace {

using Catch::Contains;

std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

configuration behind(imposter_origin const& origin, std::uint16_t port) {
    return all_to(origin.endpoint()).listeners({at(port)});
}

std::string refusal_of(configuration const& settings, std::vector<int> const& sockets) {
    temporary_file const file{settings.text(), ".yaml"};
    auto const ended = run_to_end(
        {.program = gateway_binary(),
         .arguments = {"run", "-c", file.path()},
         .environment = {},
         .sockets = sockets});
    CHECK(ended.exit_code == 1);
    return ended.err;
}

}  // namespace

TEST_CASE("who connects before the gateway runs is served", "[wire][activation]") {
    auto const threads = GENERATE("1", "3");
    imposter_origin origin;
    listening_socket manager;
    raw_client early{manager.port()};
    early.send(get_request("/"));
    gateway_process gateway{
        behind(origin, manager.port()).runtime("threads: " + std::string{threads}),
        {.environment = {}, .sockets = {manager.number()}, .names = "web"}};
    CHECK(gateway.port() == manager.port());
    CHECK(early.receive().body == "hello");
    for (int i = 0; i < 20; ++i) CHECK(get(manager.port(), "/").body == "hello");

    // The socket outlives the gateway, and what waits there with it.
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
    raw_client between{manager.port()};
    between.send(get_request("/"));
    gateway_process next{
        behind(origin, manager.port()), {.environment = {}, .sockets = {manager.number()}}};
    CHECK(between.receive().body == "hello");
}

TEST_CASE("the admin address may be handed over too", "[wire][activation]") {
    imposter_origin origin;
    listening_socket web;
    listening_socket admin;
    gateway_process gateway{
        behind(origin, web.port()).section("admin", "address: \"" + at(admin.port()) + '"'),
        {.environment = {}, .sockets = {admin.number(), web.number()}}};
    CHECK(gateway.admin_port() == admin.port());
    CHECK(get(admin.port(), "/readyz").status() == 200);
    CHECK(get(web.port(), "/").body == "hello");
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("sockets that do not fit the configuration are refused", "[wire][activation]") {
    imposter_origin origin;
    listening_socket one;
    listening_socket two;
    SECTION("one too many") {
        auto const said = refusal_of(behind(origin, one.port()), {one.number(), two.number()});
        CHECK_THAT(
            said, Contains("socket activation: descriptor 4 listens on " + at(two.port())) &&
                      Contains("no listener of the configuration (" + at(one.port()) + ")"));
    }
    SECTION("one too few") {
        auto const said = refusal_of(
            all_to(origin.endpoint()).listeners({at(one.port()), at(two.port())}), {one.number()});
        CHECK_THAT(
            said, Contains("there is no socket for the listener " + at(two.port())) &&
                      Contains("ListenStream=" + at(two.port())));
    }
    SECTION("one that does not listen") {
        descriptor const other{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        CHECK_THAT(
            refusal_of(behind(origin, one.port()), {other.number()}),
            Contains("descriptor 3 is no TCP socket that listens"));
    }
}

TEST_CASE("sockets meant for another process are left alone", "[wire][activation]") {
    imposter_origin origin;
    gateway_process gateway{
        all_to(origin.endpoint()), {.environment = {"LISTEN_FDS=3", "LISTEN_PID=1"}}};
    CHECK(get(gateway.port(), "/").body == "hello");
}

}  // namespace gateway::support

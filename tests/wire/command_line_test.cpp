// SPDX-License-Identifier: Apache-2.0
// What a person or a supervisor meets at the shell: words, exit codes, and a fast start.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

namespace gateway::support {
namespace {

finished run_gateway(std::vector<std::string> const& arguments) {
    return run_to_end({gateway_binary(), arguments, {}});
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("help and version answer on stdout with 0", "[wire][command-line]") {
    auto const help = run_gateway({"--help"});
    CHECK(help.exit_code == 0);
    for (auto const word : {"run", "check", "demo", "version", "Exit codes", "--config"}) {
        CAPTURE(word);
        if (std::string{word} == "--config") {
            CHECK(contains(run_gateway({"run", "--help"}).out, word));
        } else {
            CHECK(contains(help.out, word));
        }
    }
    auto const version = run_gateway({"version"});
    CHECK(version.exit_code == 0);
    CHECK(version.out.starts_with("gateway "));
    CHECK(version.err.empty());
}

TEST_CASE("wrong usage gets 2 and is told why on stderr", "[wire][command-line]") {
    auto const arguments = GENERATE(values<std::vector<std::string>>({
        {},
        {"--no-such-option"},
        {"fly"},
        {"run", "-c"},
        {"check", "--x"},
        {"demo", "--listen", "not an address"},
        {"run", "-c", "/no/such/file.yaml"},
    }));
    auto const done = run_gateway(arguments);
    CHECK(done.exit_code == 2);
    CHECK(done.out.empty());
    CHECK_FALSE(done.err.empty());
}

TEST_CASE("check says yes with 0", "[wire][command-line]") {
    auto const done = gateway_to_end("check", all_to("127.0.0.1:1").text());
    CHECK(done.exit_code == 0);
    CHECK(done.err.empty());
    CHECK(contains(done.out, "ok"));
}

TEST_CASE("check and run list every problem at once and start nothing", "[wire][command-line]") {
    std::string const text =
        "listeners:\n"
        "  - { address: \"127.0.0.1:0\" }\n"
        "upstreams:\n"
        "  app: { endpoints: [\"127.0.0.1:1\"] }\n"
        "routes:\n"
        "  - { prefix: /, upstream: ap }\n"
        "tiemouts: { connect: 1s }\n"
        "limits: { connections: many }\n";
    auto const verb = GENERATE(as<std::string>{}, "check", "run");
    auto const done = gateway_to_end(verb, text);
    CAPTURE(done.err);
    CHECK(done.exit_code == 2);
    CHECK(contains(done.err, ".yaml:6:"));
    CHECK(contains(done.err, ".yaml:7:"));
    CHECK(contains(done.err, ".yaml:8:"));
    CHECK(contains(done.err, "did you mean \"timeouts\"?"));
    CHECK(contains(done.err, "did you mean \"app\"?"));
    CHECK(contains(done.err, "\"many\""));
    CHECK_FALSE(contains(done.err, "listening on"));
}

TEST_CASE("an address in use gets 1 and is named", "[wire][command-line]") {
    listening_socket taken;
    auto const address = "127.0.0.1:" + std::to_string(taken.port());
    auto settings = all_to("127.0.0.1:1");
    SECTION("of a listener") { settings.listeners({address}); }
    SECTION("of the admin server") { settings.section("admin", "address: \"" + address + '"'); }
    auto const done = gateway_to_end("run", settings.text());
    CHECK(done.exit_code == 1);
    CHECK(contains(done.err, address));
}

TEST_CASE("values in the file expand from the environment", "[wire][command-line]") {
    imposter_origin origin;
    gateway_process gateway{
        configuration{}
            .upstream("app", {"${APP_HOST:-127.0.0.1}:${APP_PORT}"})
            .route("prefix: /, upstream: app"),
        {.environment = {"APP_PORT=" + std::to_string(origin.port())}}};
    CHECK(get(gateway.port(), "/").body == "hello");
}

TEST_CASE("several listeners serve the same routes", "[wire][command-line]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).listeners({"127.0.0.1:0", "127.0.0.2:0"})};
    CHECK(get(gateway.port(0), "/").body == "hello");
    raw_client other{stream::connect(gateway.port(1), "127.0.0.2")};
    other.send(get_request("/"));
    CHECK(other.receive().body == "hello");
}

TEST_CASE("from exec to the first answer takes less than 100 ms", "[wire][command-line]") {
    if (sanitized) return;
    imposter_origin origin;
    auto fastest = milliseconds::max();
    // The best of many: the machine may be busy with other tests, the gateway has no excuse.
    for (int i = 0; i < 20 && fastest >= 100ms; ++i) {
        auto const begin = steady::now();
        gateway_process gateway{all_to(origin.endpoint())};
        REQUIRE(get(gateway.port(), "/").status() == 200);
        auto const took = std::chrono::duration_cast<milliseconds>(steady::now() - begin);
        fastest = std::min(fastest, took);
    }
    CHECK(fastest < 100ms);
}

}  // namespace gateway::support

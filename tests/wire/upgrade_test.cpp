// SPDX-License-Identifier: Apache-2.0
// SIGUSR2: a new process takes over the very sockets, and nobody notices; or it cannot, and nobody
// notices that either.
#include "support/busy_clients.hpp"
#include "support/gate.hpp"
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"
#include "support/successor.hpp"

#include <catch2/catch.hpp>

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace gateway::support {
namespace {

using Catch::Contains;

// A program of the test's own at a path of its own.
class own_program {
public:
    own_program() : file_{"", ".program"} { become_gateway(); }
    std::string path() const { return file_.path() + ".run"; }
    ~own_program() { remove(); }
    own_program(own_program const&) = delete;
    own_program& operator=(own_program const&) = delete;

    void become_gateway() {
        std::filesystem::copy_file(gateway_binary(), path() + ".new");
        replace();
    }
    void become_script(std::string const& text) {
        std::ofstream{path() + ".new"} << "#!/bin/sh\n" << text << '\n';
        std::filesystem::permissions(path() + ".new", std::filesystem::perms::owner_all);
        replace();
    }
    void remove() { std::filesystem::remove(path()); }

private:
    void replace() { std::filesystem::rename(path() + ".new", path()); }

    temporary_file file_;
};

double failures(gateway_process const& gateway, std::string const& reason) {
    return gateway.metrics().sum("gateway_upgrades_failed_total", {{"reason", reason}});
}

// The old cores hear a moment later that they are to let go of their clients.
message last_answer_to(raw_client& client) {
    auto const until = steady::now() + patience();
    for (;;) {
        client.send(get_request("/"));
        auto answer = client.receive();
        if (answer.value("Connection") == "close") return answer;
        if (steady::now() > until) throw timed_out{"the old process keeps a client"};
    }
}

}  // namespace

TEST_CASE("an upgrade under load loses no request, upload or WebSocket", "[wire][upgrade]") {
    imposter_origin origin;
    busy_clients::serve(origin);
    gateway_process gateway{
        all_to(origin.endpoint()).runtime("threads: 2").timeouts("drain: 6s, lame_duck: 0ms")};
    successors next{gateway};
    raw_client idle{gateway.port()};
    idle.send(get_request("/"));
    CHECK(idle.receive().body == "hello");

    busy_clients clients{gateway.port()};
    clients.keep_alive(6);
    clients.uploads(3);
    clients.chats(10);
    clients.wait_for_more(300);
    gateway.signal(SIGUSR2);
    next.wait_for(1);
    // The operator's door is the new one's at once.
    CHECK(get(gateway.admin_port(), "/readyz").body == "serving\n");
    CHECK(last_answer_to(idle).body == "hello");
    clients.wait_for_more(300);
    auto const log = gateway.wait_for_log("drained in ");
    clients.wait_for_more(300);
    clients.stop();
    CHECK(clients.goodbyes() == 10);
    CHECK(clients.uploaded() > 0);
    CHECK_THAT(
        log, Contains("to take over 3 sockets, within 30 s") && Contains("upgrade: draining ") &&
                 Contains(" 10 WebSockets closed") && Contains(" 0 connections cut"));
    CHECK(next.wait_exit() == 0);
}

TEST_CASE("whoever took over can be replaced in turn", "[wire][upgrade]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint()).runtime("threads: 2").timeouts("drain: 1s")};
    successors next{gateway};
    busy_clients clients{gateway.port()};
    clients.keep_alive(4);
    gateway.signal(SIGUSR2);
    pid_t const second = next.wait_for(1);
    CHECK(second != gateway.pid());
    clients.wait_for_more(100);
    ::kill(second, SIGUSR2);
    CHECK(next.wait_for(2) != second);
    clients.wait_for_more(100);
    clients.stop();
    CHECK(next.wait_exit() == 0);
}

TEST_CASE("the new process reads the configuration anew", "[wire][upgrade]") {
    imposter_origin origin;
    imposter_origin other{[](origin_connection& connection) {
        while (connection.receive_request()) connection.send(imposter_origin::ok("other"));
    }};
    gateway_process gateway{all_to(origin.endpoint()).timeouts("drain: 1s")};
    successors next{gateway};
    CHECK(get(gateway.port(), "/").body == "hello");
    // More cores than sockets, too.
    std::ofstream{gateway.settings_path()}
        << all_to(other.endpoint()).timeouts("drain: 1s").runtime("threads: 3").text();
    gateway.signal(SIGUSR2);
    next.wait_for(1);
    // The old cores hear a moment later that they are to accept no more.
    auto const until = steady::now() + patience();
    for (int in_a_row = 0; in_a_row < 20;) {
        REQUIRE(steady::now() < until);
        in_a_row = get(gateway.port(), "/").body == "other" ? in_a_row + 1 : 0;
    }
    CHECK(next.wait_exit() == 0);
}

TEST_CASE("a new process that fails leaves the old one serving", "[wire][upgrade]") {
    imposter_origin origin;
    own_program program;
    auto const settings = all_to(origin.endpoint()).timeouts("drain: 1s");
    gateway_process gateway{settings, {.environment = {}, .program = program.path()}};
    successors next{gateway};
    raw_client client{gateway.port()};
    client.send(get_request("/"));
    CHECK(client.receive().body == "hello");
    auto const refused = [&](std::string const& said, std::string const& reason) {
        gateway.signal(SIGUSR2);
        gateway.wait_for_log(said);
        CHECK(failures(gateway, reason) == 1);
        client.send(get_request("/"));
        auto const response = client.receive();
        CHECK(response.body == "hello");
        CHECK(response.value("Connection").empty());
    };
    std::ofstream{gateway.settings_path()} << "nonsense: 1\n";
    refused("ended with exit code 2: the configuration or the command line is wrong", "ended");
    std::ofstream{gateway.settings_path()} << settings.text();
    program.become_script("exit 3");
    gateway.signal(SIGUSR2);
    gateway.wait_for_log("ended with exit code 3; this process goes on");
    program.remove();
    refused("it cannot be run: No such file or directory; this process goes on", "not_started");

    // And at last it succeeds.
    program.become_gateway();
    std::ofstream{gateway.settings_path()}
        << all_to(origin.endpoint()).timeouts("drain: 1s").text();
    gateway.signal(SIGUSR2);
    next.wait_for(1);
    CHECK(last_answer_to(client).body == "hello");
    CHECK(get(gateway.port(), "/").body == "hello");
    CHECK(next.wait_exit() == 0);
}

TEST_CASE("a new process that hangs is ended", "[wire][upgrade]") {
    imposter_origin origin;
    own_program program;
    gateway_process gateway{
        all_to(origin.endpoint()).timeouts("upgrade: 300ms"),
        {.environment = {}, .program = program.path()}};
    program.become_script("exec sleep 60");
    gateway.signal(SIGUSR2);
    gateway.wait_for_log("could not serve in time and was ended; this process goes on");
    CHECK(failures(gateway, "too_late") == 1);
    CHECK(get(gateway.port(), "/").body == "hello");
    // The sleeper would hold the outputs open.
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("who drains is not replaced", "[wire][upgrade]") {
    gate answer;
    imposter_origin origin;
    origin.when_open(answer, "/long", "finished");
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client busy{gateway.port()};
    busy.send(get_request("/long"));
    origin.wait_for_requests(1);
    gateway.signal(SIGTERM);
    gateway.wait_for_log("draining 1 connections");
    gateway.signal(SIGUSR2);
    gateway.wait_for_log("upgrade failed: this process drains already");
    answer.open();
    CHECK(busy.receive().body == "finished");
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("a signal to end ends who was to take over, too", "[wire][upgrade]") {
    imposter_origin origin;
    own_program program;
    gateway_process gateway{
        all_to(origin.endpoint()), {.environment = {}, .program = program.path()}};
    program.become_script("exec sleep 60");
    gateway.signal(SIGUSR2);
    gateway.wait_for_log("upgrade: starting");
    gateway.signal(SIGTERM);
    // The sleeper would hold the outputs open.
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("the first process of a container refuses", "[wire][upgrade]") {
    imposter_origin origin;
    temporary_file const settings{all_to(origin.endpoint()).text(), ".yaml"};
    child_process container{
        {.program = "/usr/bin/unshare",
         .arguments =
             {"--pid", "--fork", "--kill-child", gateway_binary(), "run", "-c", settings.path()},
         .environment = {}}};
    std::string said;
    try {
        said = container.err().wait_for(
            [](std::string const& log) { return log.find("serving with") != log.npos; });
    } catch (timed_out const&) {
        WARN("no namespace of processes may be made here: " << container.err().text());
        return;
    }
    auto const task = "/proc/" + std::to_string(container.pid());
    std::ifstream children{task + "/task/" + std::to_string(container.pid()) + "/children"};
    pid_t first = 0;
    children >> first;
    REQUIRE(first > 0);
    ::kill(first, SIGUSR2);
    container.err().wait_for([](std::string const& log) {
        return log.find("upgrade failed: this process is the first of its container") != log.npos;
    });
    ::kill(first, SIGTERM);
    CHECK(container.wait_exit() == 0);
}

}  // namespace gateway::support

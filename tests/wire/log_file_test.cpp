// SPDX-License-Identifier: Apache-2.0
// The access log as a file that is rotated, and what is left out of it.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/patience.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace gateway::support {
namespace {

std::string text_of(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::string wait_for_text(std::string const& path, std::string const& wanted) {
    auto const until = std::chrono::steady_clock::now() + patience();
    std::string text = text_of(path);
    while (text.find(wanted) == std::string::npos && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
        text = text_of(path);
    }
    return text;
}

}  // namespace

TEST_CASE("a rotated access log is opened anew on SIGUSR1 and loses no line", "[wire][log-file]") {
    imposter_origin origin;
    temporary_file const log{"", ".log"};
    std::string const moved = log.path() + ".1";
    gateway_process gateway{
        all_to(origin.endpoint()).logging("access: logfmt, access_file: " + log.path())};
    CHECK(get(gateway.port(), "/before?token=s3cret").status() == 200);
    wait_for_text(log.path(), "/before");
    std::filesystem::rename(log.path(), moved);
    CHECK(get(gateway.port(), "/between").status() == 200);
    wait_for_text(moved, "/between");
    gateway.signal(SIGUSR1);
    gateway.wait_for_log("reopened");
    CHECK(get(gateway.port(), "/after").status() == 200);

    std::string const fresh = wait_for_text(log.path(), "/after");
    std::string const old = text_of(moved);
    std::filesystem::remove(moved);
    CAPTURE(old, fresh);
    CHECK(old.find("path=\"/before?token=***\" status=200") != std::string::npos);
    CHECK(old.find("path=/between status=200") != std::string::npos);
    CHECK(fresh.find("path=/after status=200") != std::string::npos);
    CHECK(fresh.find("/between") == std::string::npos);
    CHECK(old.find("s3cret") == std::string::npos);
}

TEST_CASE("an access log that cannot be opened ends the start and says why", "[wire][log-file]") {
    auto const done = gateway_to_end(
        "run", all_to("127.0.0.1:1").logging("access_file: /nowhere/at/all.log").text());
    CHECK(done.exit_code == 1);
    CHECK(done.err.find("/nowhere/at/all.log: No such file") != std::string::npos);
}

TEST_CASE("a load balancer's probe is counted, not logged", "[wire][log-file]") {
    imposter_origin origin;
    gateway_process gateway{all_to(origin.endpoint())};
    CHECK(get(gateway.port(), "/probe", "User-Agent: ELB-HealthChecker/2.0\r\n").status() == 200);
    CHECK(get(gateway.port(), "/person").status() == 200);
    gateway.wait_for_access_line_of("/person");
    gateway.wait_for_metric("gateway_access_log_probes_total", 1);
    CHECK(gateway.access_lines().size() == 1);
    gateway.wait_for_metric("http_requests_total", 2);
}

}  // namespace gateway::support

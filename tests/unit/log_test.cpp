// SPDX-License-Identifier: Apache-2.0
#include "observe/log.hpp"

#include "support/captured_stderr.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <regex>
#include <string>

using namespace gateway;
using settings::log_level;

namespace {

std::size_t lines_in(std::string const& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("a message is one line of time, level and text", "[unit][log]") {
    support::captured_stderr captured;
    observe::log_info("listening on {}:{}", "0.0.0.0", 8080);
    observe::log_error("a text with {} braces");
    std::regex const shape{
        "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z info +listening on "
        "0\\.0\\.0\\.0:8080\n"
        "[^ ]+Z error +a text with \\{\\} braces\n"};
    CAPTURE(captured.text());
    CHECK(std::regex_match(captured.text(), shape));
}

TEST_CASE("messages below the level are not written", "[unit][log]") {
    support::captured_stderr captured{log_level::warn};
    observe::log_debug("no");
    observe::log_info("no {}", 1);
    observe::log_warn("first");
    CHECK_FALSE(observe::log_enabled(log_level::info));
    CHECK(lines_in(captured.text()) == 1);

    SECTION("and the level can change at run time") {
        observe::set_log_level(log_level::debug);
        observe::log_debug("second");
        CHECK(observe::log_enabled(log_level::debug));
        CHECK(lines_in(captured.text()) == 2);
    }
}

TEST_CASE("what a client sent cannot forge a second message", "[unit][log]") {
    support::captured_stderr captured;
    observe::log_info("target {}", "/x\n2026-01-01T00:00:00.000Z error the house burns\x1b[2J\x7f");
    CHECK(lines_in(captured.text()) == 1);
    CHECK(contains(captured.text(), "/x 2026-01-01T00:00:00.000Z error the house burns [2J \n"));
}

TEST_CASE("a very long message is cut", "[unit][log]") {
    support::captured_stderr captured;
    observe::log_info(std::string(100'000, 'x'));
    CHECK(lines_in(captured.text()) == 1);
    CHECK(captured.text().size() < 4'096);
}

TEST_CASE("a full stderr loses messages instead of stopping who logs", "[unit][log]") {
    support::captured_stderr captured;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    int const before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    observe::set_up_log(log_level::info);
    for (int i = 0; i < 1'000; ++i) observe::log_info(std::string(1'000, 'x'));

    // Room again: the next message tells of those that are missing.
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    std::string received;
    auto const read_all = [&] {
        char bytes[4'096];
        for (ssize_t got = 0; (got = read(ends[0], bytes, sizeof bytes)) > 0;) {
            received.append(bytes, static_cast<std::size_t>(got));
        }
    };
    read_all();
    auto const written = lines_in(received);
    received.clear();
    observe::log_info("after");
    observe::flush_log();
    read_all();
    dup2(before, STDERR_FILENO);
    observe::set_up_log(log_level::info);
    close(before);
    close(ends[0]);
    close(ends[1]);

    CHECK(written < 1'000);
    auto const lost = std::to_string(1'000 - written);
    CAPTURE(received);
    CHECK(received.starts_with("(" + lost + " messages lost: stderr was full)\n"));
    CHECK(contains(received, "after\n"));
}

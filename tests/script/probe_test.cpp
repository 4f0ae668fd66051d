// SPDX-License-Identifier: Apache-2.0
// Probes of health checks, played step by step: an answer counts when it is whole, however it
// comes, and whichever call fails the probe has failed.
#include "proxy/probe.hpp"

#include "net/stream.hpp"
#include "runtime/task.hpp"
#include "stage.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <optional>

using namespace gateway;
using observe::probe_result;
using proxy::probe_verdict;
using script::fault;
using script::peer;
using script::stage;

namespace {

std::string const length = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
std::string const chunks =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n";
std::string const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + length;

runtime::task<void> run(
    stage& on,
    settings::health_check const& rules,
    std::string const& request,
    net::stream& socket,
    std::optional<probe_verdict>& verdict) {
    verdict = co_await proxy::probe(
        on.core(), rules, on.origin_address(), nullptr, request, on.core().deadlines(2s), socket);
}

// One probe of an origin that answers in two pieces and then closes.
struct play {
    stage on;
    settings::health_check rules;
    std::string request;
    net::stream socket;
    std::optional<probe_verdict> verdict;
    peer origin;
    std::string asked;

    explicit play(std::string const& expected) {
        rules.expect_body = expected;
        settings::upstream app;
        app.health_check = rules;
        request = proxy::probe_request(app, "app:80");
        runtime::spawn(run(on, rules, request, socket, verdict));
    }
    ~play() { socket.close(); }
    probe_verdict answered_with(std::string const& first, std::string const& second) {
        int said = 0;
        bool pause = true;
        on.run_until([&] {
            if (verdict) return true;
            if (!origin.is_open() && said == 0 && on.origin_was_asked()) {
                origin = on.accept_origin();
            }
            if (!origin.is_open()) return false;
            origin.receive(asked);
            if (!asked.ends_with("\r\n\r\n")) return false;
            // A turn of the loop lies between the pieces.
            pause = !pause;
            if (pause) return false;
            if (said == 0) {
                origin.send(first);
            } else if (said == 1) {
                origin.send(second);
            } else {
                origin.close();
            }
            ++said;
            return false;
        });
        return verdict ? *verdict : probe_verdict{probe_result::timeout, "none"};
    }
};

}  // namespace

TEST_CASE("a probe's answer may come in two pieces cut at any byte", "[script][probe]") {
    auto const answer = GENERATE(as<std::string>{}, length, chunks, interim);
    for (std::size_t at = 0; at <= answer.size(); ++at) {
        play one{"fine"};
        auto const verdict = one.answered_with(answer.substr(0, at), answer.substr(at));
        CAPTURE(answer, at, verdict.why);
        CHECK(verdict.result == probe_result::passed);
        CHECK(one.asked == one.request);
    }
}

TEST_CASE("a probe's answer that is cut off at any byte has not passed", "[script][probe]") {
    auto const answer = GENERATE(as<std::string>{}, length, chunks, interim);
    // The text that is looked for stands at the end, so that nothing before it is enough.
    auto const enough = answer.rfind("ne") + 2;
    for (std::size_t at = 0; at < enough; ++at) {
        play one{answer == chunks ? "ne" : "fine"};
        auto const verdict = one.answered_with(answer.substr(0, at), {});
        CAPTURE(answer, at, verdict.why);
        CHECK(verdict.result != probe_result::passed);
        CHECK_FALSE(verdict.why.empty());
    }
}

TEST_CASE("whichever system call fails, so does the probe", "[script][probe]") {
    auto const error = GENERATE(ECONNRESET, EPIPE, ENOMEM);
    unsigned steps = 0;
    for (bool failed = true; failed; ++steps) {
        REQUIRE(steps < 100);
        play one{"fine"};
        probe_verdict verdict;
        {
            fault const now{steps, error};
            verdict = one.answered_with(length.substr(0, 20), length.substr(20));
            failed = now.happened();
        }
        CAPTURE(error, steps, verdict.why);
        CHECK((verdict.result == probe_result::passed) == !failed);
    }
    CHECK(steps >= 3);
}

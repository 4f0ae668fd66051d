// SPDX-License-Identifier: Apache-2.0
// Copies for a mirror, played step by step: whatever its upstream does and whichever call fails,
// the client gets its own answer and nothing is left behind.
#include "stage.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <vector>

using namespace gateway;
using observe::mirror_outcome;
using script::fault;
using script::peer;
using script::stage;

namespace {

std::string const get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
std::string const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

void with_mirror(settings::snapshot& all) {
    all.upstreams.push_back({.name = "copy", .endpoints = {{{"127.0.0.1", 1}}}, .host = ""});
    all.routes[0].mirror.upstream = "copy";
}

// Both origins answer whatever is asked; the second in its own way.
struct play {
    stage on{with_mirror};
    peer client = on.connect_client();
    std::vector<peer> origins;
    std::vector<peer> copies;
    std::vector<std::string> asked;
    std::vector<std::string> copied;
    std::string answered;

    std::uint64_t outcomes(mirror_outcome what) {
        return on.counters().upstream(1).mirrored[static_cast<std::size_t>(what)].value();
    }
    bool settled() { return on.shard().current().plans[0].mirror->in_flight() == 0; }

    // True when the client's connection has ended.
    template <class Answer>
    bool look(Answer answer_copy) {
        while (on.origin_was_asked()) {
            origins.push_back(on.accept_origin());
            asked.emplace_back();
        }
        while (on.second_origin_was_asked()) {
            copies.push_back(on.accept_second_origin());
            copied.emplace_back();
        }
        for (std::size_t i = 0; i < origins.size(); ++i) {
            if (!origins[i].is_open()) continue;
            bool const ended = origins[i].receive(asked[i]);
            if (asked[i].ends_with("\r\n\r\n")) origins[i].send(hello);
            if (ended) origins[i].close();
            asked[i].clear();
        }
        for (std::size_t i = 0; i < copies.size(); ++i) {
            if (copies[i].is_open()) answer_copy(copies[i], copied[i]);
        }
        return client.receive(answered);
    }
};

void answer_whole(peer& copy, std::string& copied) {
    bool const ended = copy.receive(copied);
    if (copied.ends_with("\r\n\r\n")) copy.send(hello);
    if (ended) copy.close();
    copied.clear();
}

}  // namespace

TEST_CASE("whichever system call fails, a copy leaves nothing behind", "[script][mirror]") {
    auto const error = GENERATE(ECONNRESET, EPIPE, ENOMEM);
    unsigned steps = 0;
    for (bool failed = true; failed; ++steps) {
        REQUIRE(steps < 100);
        play one;
        {
            fault const now{steps, error};
            one.client.send(get);
            one.on.run_until([&] {
                bool const ended = one.look(answer_whole);
                return (ended || one.answered.ends_with("hello") ||
                        one.answered.ends_with("}\n")) &&
                       one.settled();
            });
            failed = now.happened();
        }
        CAPTURE(error, steps, one.answered);
        bool const whole = one.answered.ends_with("\r\n\r\nhello");
        CHECK((one.answered.empty() || whole || one.answered.ends_with("}\n")));
        if (!failed) {
            CHECK(whole);
            CHECK(one.outcomes(mirror_outcome::answered) == 1);
        }
        CHECK(one.settled());
        CHECK(one.on.is_clean_after(one.client));
    }
    CHECK(steps >= 7);  // both requests and both answers
}

TEST_CASE("a mirror's answer that is cut off at any byte is none", "[script][mirror]") {
    auto const answer = GENERATE(
        as<std::string>{}, hello,
        std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                    "0\r\nA: b\r\n\r\n"});
    for (std::size_t at = 0; at <= answer.size(); ++at) {
        play one;
        one.client.send(get);
        auto const answer_some = [&](peer& copy, std::string& copied) {
            copy.receive(copied);
            if (!copied.ends_with("\r\n\r\n")) return;
            copy.send(answer.substr(0, at));
            copy.close();
        };
        CAPTURE(answer, at);
        CHECK(one.on.run_until([&] {
            one.look(answer_some);
            return one.answered.ends_with("hello") && !one.copied.empty() && one.settled();
        }));
        bool const whole = at == answer.size();
        CHECK(one.outcomes(mirror_outcome::answered) == (whole ? 1 : 0));
        CHECK(one.outcomes(mirror_outcome::failed) == (whole ? 0 : 1));
        CHECK(one.on.is_clean_after(one.client));
    }
}

TEST_CASE("a mirror that speaks before it is asked is not asked", "[script][mirror]") {
    play one;
    one.client.send(get);
    bool spoken = false;
    std::string heard;
    bool ended = false;
    CHECK(one.on.run_until([&] {
        one.look([&](peer& copy, std::string& copied) {
            if (!std::exchange(spoken, true)) copy.send(hello);
            ended = ended || copy.receive(copied);
            heard = copied;
        });
        return one.answered.ends_with("hello") && ended && one.settled();
    }));
    CHECK(heard.empty());
    CHECK(one.outcomes(mirror_outcome::failed) == 1);
    CHECK(one.outcomes(mirror_outcome::answered) == 0);
    CHECK(one.on.is_clean_after(one.client));
}

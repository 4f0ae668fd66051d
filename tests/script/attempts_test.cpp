// SPDX-License-Identifier: Apache-2.0
// Attempts that fail at a chosen step: what is sent again arrives once, what waits is served in
// order, and nothing is left behind.
#include "net/stream.hpp"
#include "stage.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>

using namespace gateway;
using script::peer;
using script::stage;

namespace {

// Runs a piece of the script right before the n-th send of the gateway, or fails a later call.
std::function<void()> before_send;
unsigned sends_until = 0;
unsigned calls_until = 0;
int error_then = 0;
bool failed_one = false;

int look_at_call(char const* call) noexcept {
    if (before_send && std::strcmp(call, "send") == 0 && sends_until-- == 0) {
        std::exchange(before_send, nullptr)();
    } else if (!before_send && error_then != 0 && calls_until-- == 0) {
        failed_one = true;
        return std::exchange(error_then, 0);
    }
    return 0;
}

struct hook {
    explicit hook(std::function<void()> action, unsigned sends = 0) {
        before_send = std::move(action);
        sends_until = sends;
        error_then = 0;
        failed_one = false;
        net::inject_faults(look_at_call);
    }
    // After the action the n-th call fails.
    hook& then_fail(unsigned calls, int error) {
        calls_until = calls;
        error_then = error;
        return *this;
    }
    ~hook() {
        net::inject_faults(nullptr);
        before_send = nullptr;
    }
};

std::string const get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
std::string const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

std::string post(std::string const& body, bool chunked) {
    std::string const head = "POST /a HTTP/1.1\r\nHost: x\r\nX-Request-Id: one\r\n";
    if (!chunked)
        return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    std::string out = head + "Transfer-Encoding: chunked\r\n\r\n";
    if (body.empty()) return out + "0\r\n\r\n";
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    return out + size + body + "\r\n0\r\n\r\n";
}

// What a client asked `count` times on one connection got, the origin answering everything whole.
struct play {
    stage on;
    peer client = on.connect_client();
    std::vector<peer> origins;
    std::vector<std::string> asked;
    std::string answered;

    explicit play(std::function<void(settings::snapshot&)> const& change = {}) : on(change) {}

    void look() {
        while (on.origin_was_asked()) {
            origins.push_back(on.accept_origin());
            asked.emplace_back();
        }
        for (std::size_t i = 0; i < origins.size(); ++i) {
            if (origins[i].is_open()) origins[i].receive(asked[i]);
        }
        client.receive(answered);
    }
    bool warm_up() {
        client.send(get);
        on.run_until([&] {
            look();
            return !asked.empty() && asked[0].ends_with("\r\n\r\n");
        });
        origins[0].send(ok);
        bool const done = on.run_until([&] {
            look();
            return answered.ends_with("hello");
        });
        asked[0].clear();
        answered.clear();
        return done;
    }
    void turns(int count) {
        while (count-- > 0) {
            on.core().post([] {});
            on.run_until([once = false]() mutable { return std::exchange(once, true); });
        }
    }
};

}  // namespace

TEST_CASE(
    "a POST over a pooled connection that died arrives once and whole", "[script][attempts]") {
    auto const bytes =
        GENERATE(std::size_t{0}, std::size_t{4}, std::size_t{30'000}, std::size_t{60'000});
    auto const chunked = GENERATE(false, true);
    auto const sent_first = GENERATE(std::size_t{0}, std::size_t{1'000});
    std::string body(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) body[i] = static_cast<char>('a' + i % 26);
    CAPTURE(bytes, chunked, sent_first);
    play one;
    REQUIRE(one.warm_up());
    std::string const request = post(body, chunked);
    std::size_t const first = sent_first == 0
                                  ? request.size()
                                  : request.find("\r\n\r\n") + 4 + std::min(bytes, sent_first);
    hook const death{[&] { one.origins[0].close(); }};
    one.client.send(std::string_view{request}.substr(0, first));
    std::string const rest = request.substr(first);
    if (!rest.empty()) {
        one.turns(3);
        REQUIRE(one.client.send(rest));
    }
    bool answered = false;
    bool const done = one.on.run_until([&] {
        one.look();
        bool const whole = one.asked.size() == 2 &&
                           (chunked ? one.asked[1].ends_with("0\r\n\r\n")
                                    : one.asked[1].find("\r\n\r\n") != std::string::npos &&
                                          one.asked[1].ends_with(body));
        if (whole && !answered) answered = one.origins[1].send(ok);
        return one.answered.ends_with("hello");
    });
    CAPTURE(one.answered);
    CHECK(done);
    CHECK(one.answered.starts_with("HTTP/1.1 200 OK"));
    REQUIRE(one.asked.size() == 2);
    CHECK(one.asked[0].empty());
    CHECK(one.asked[1].find("one\r\n") != std::string::npos);
    std::string arrived;
    for (char const c : one.asked[1].substr(one.asked[1].find("\r\n\r\n") + 4)) {
        if (!chunked || (c >= 'a' && c <= 'z')) arrived += c;
    }
    // The sizes of the chunks hold letters too, a few of them.
    if (!chunked) CHECK(arrived == body);
    CHECK(one.on.counters().upstream(0).retried[2].value() == 1);
    CHECK(one.on.is_clean_after(one.client));
}

TEST_CASE("a body beyond the replay buffer goes out once", "[script][attempts]") {
    play one{[](settings::snapshot& all) { all.upstreams[0].retries.replay_buffer = 8'000; }};
    REQUIRE(one.warm_up());
    std::string const request = post(std::string(40'000, 'x'), false);
    // The first send is the head's; by the second more was read than is kept.
    hook const death{[&] { one.origins[0].close(); }, 1};
    one.client.send(std::string_view{request}.substr(0, 200));
    one.turns(3);
    REQUIRE(one.client.send(std::string_view{request}.substr(200)));
    CHECK(one.on.run_until([&] {
        one.look();
        return one.answered.find("\"cause\":") != std::string::npos;
    }));
    CHECK(one.answered.starts_with("HTTP/1.1 502"));
    CHECK(one.asked.size() == 1);
    CHECK(one.on.is_clean_after(one.client));
}

TEST_CASE(
    "whichever call fails after the death, a POST arrives at most once", "[script][attempts]") {
    auto const error = GENERATE(ECONNRESET, EPIPE, ENOMEM);
    auto const in_hand = GENERATE(true, false);
    std::string const body(20'000, 'b');
    std::string const request = post(body, false);
    unsigned at = 0;
    for (bool failed = true; failed; ++at) {
        REQUIRE(at < 60);
        play one{&script::wait_briefly};
        REQUIRE(one.warm_up());
        {
            hook death{[&] { one.origins[0].close(); }};
            death.then_fail(at, error);
            one.client.send(std::string_view{request}.substr(0, in_hand ? 9'000 : 150));
            one.turns(2);
            one.client.send(std::string_view{request}.substr(in_hand ? 9'000 : 150));
            bool ended = false;
            std::vector<bool> answered;
            CHECK(one.on.run_until([&] {
                one.look();
                answered.resize(one.origins.size());
                for (std::size_t i = 1; i < one.origins.size(); ++i) {
                    if (!answered[i] && one.asked[i].ends_with(body)) {
                        answered[i] = one.origins[i].send(ok);
                    }
                }
                ended = one.client.receive(one.answered);
                return ended || one.answered.ends_with("hello") || one.answered.ends_with("}\n");
            }));
            failed = failed_one;
        }
        std::size_t whole = 0;
        for (auto const& each : one.asked) whole += each.ends_with(body) ? 1 : 0;
        CAPTURE(error, at, one.answered);
        CHECK(whole <= 1);
        if (!failed) CHECK(one.answered.ends_with("hello"));
        CHECK(one.on.is_clean_after(one.client));
    }
    CHECK(at >= 4);
}

TEST_CASE("requests without an endpoint wait, and are served in order", "[script][attempts]") {
    play one;
    one.on.shard().pools[0]->set_endpoints({});
    std::vector<peer> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(one.on.connect_client());
        clients.back().send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        one.turns(3);
    }
    CHECK(one.on.shard().pools[0]->line.size() == 4);
    CHECK(one.on.counters().upstream(0).parked.value() == 4);
    clients[1].reset();
    CHECK(one.on.run_until([&] { return one.on.shard().pools[0]->line.size() == 3; }));
    std::array<proxy::endpoint_state, 1> const there{{{.address = one.on.origin_address()}}};
    one.on.shard().pools[0]->set_endpoints(there);
    CHECK(one.on.run_until([&] {
        one.look();
        std::size_t whole = 0;
        for (auto const& each : one.asked) whole += each.ends_with("\r\n\r\n") ? 1 : 0;
        return whole == 3;
    }));
    std::string order;
    for (auto const& each : one.asked) order += each.substr(5, 1);
    CHECK(order == "023");
    for (auto& each : one.origins) each.send(ok);
    for (int const i : {0, 2, 3}) {
        std::string answer;
        CHECK(one.on.run_until([&] {
            clients[static_cast<std::size_t>(i)].receive(answer);
            return answer.ends_with("hello");
        }));
    }
    for (auto& each : clients) each.close();
    CHECK(one.on.counters().upstream(0).unparked[0].value() == 3);
    CHECK(one.on.counters().upstream(0).unparked[3].value() == 1);
    CHECK(one.on.is_clean_after(one.client));
}

TEST_CASE("a request that waits has not been told to go on", "[script][attempts]") {
    play one;
    one.on.shard().pools[0]->set_endpoints({});
    one.client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    one.turns(5);
    one.look();
    CHECK(one.answered.empty());
    CHECK(one.on.shard().pools[0]->line.size() == 1);
    one.on.shard().cut();
    CHECK(one.on.run_until([&] { return one.on.shard().pools[0]->line.empty(); }));
    CHECK(one.on.is_clean_after(one.client));
}

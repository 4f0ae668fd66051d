// SPDX-License-Identifier: Apache-2.0
// What the dashboard draws comes from the same counters as the metrics.
#include "admin/live_figures.hpp"

#include "admin/json_text.hpp"
#include "admin/recent_errors.hpp"
#include "observe/error_ring.hpp"
#include "support/json_value.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway;
using support::json_value;

namespace {

struct figures {
    observe::traffic_counters core{1, 1};
    admin::live_figures live{{&core}};
    time_point now{1h};

    figures() { live.take(now); }

    void settle(int count, std::uint16_t status, milliseconds took, cause why = cause::none) {
        for (int i = 0; i < count; ++i) {
            observe::exchange_record one;
            one.route_index = 0;
            one.status = status;
            one.duration = took;
            one.why = why;
            core.exchange_begun();
            core.exchange_settled(one);
        }
    }
    json_value second() {
        now += 1s;
        live.take(now);
        admin::json_text to;
        live.write_seconds(to, 1);
        return json_value::parse(to.take())[0];
    }
    json_value causes() {
        admin::json_text to;
        live.write_causes(to);
        return json_value::parse(to.take());
    }
};

}  // namespace

TEST_CASE("a second has its rate, its failures and its percentiles", "[unit][live]") {
    figures one;
    one.settle(98, 200, 30ms);
    one.settle(2, 502, 700ms, cause::connect_refused);
    auto const second = one.second();
    CHECK(second[0].number() == 100);
    CHECK(second[1].number() == 2);
    CHECK(second[2].number() > 25);
    CHECK(second[2].number() < 50);
    CHECK(second[3].number() < 50);
    CHECK(second[4].number() > 500);
    CHECK(second[4].number() < 1000);
    CHECK(second[5].number() == 0);
    CHECK(one.causes().with("cause", "connect_refused")["last_minute"].number() == 2);
}

TEST_CASE(
    "a second without requests has no latency once they are ten seconds ago", "[unit][live]") {
    figures one;
    one.settle(1, 200, 7ms);
    CHECK(!one.second()[2].is_null());
    json_value second = one.second();
    CHECK(second[0].number() == 0);
    for (int i = 0; i < 10; ++i) second = one.second();
    CHECK(second[2].is_null());
}

TEST_CASE("causes are forgotten after a minute, but not in all", "[unit][live]") {
    figures one;
    one.settle(3, 404, 1ms, cause::no_route);
    one.second();
    for (int i = 0; i < 60; ++i) one.second();
    auto const found = one.causes().with("cause", "no_route");
    CHECK(found["last_minute"].number() == 0);
    CHECK(found["total"].number() == 3);
    CHECK(found["by_client"].flag());
}

TEST_CASE("five minutes are kept", "[unit][live]") {
    figures one;
    for (int i = 0; i < 320; ++i) one.second();
    admin::json_text to;
    one.live.write_seconds(to, 1'000);
    CHECK(json_value::parse(to.take()).size() == 300);
}

TEST_CASE("errors of several cores are told once, the newest first", "[unit][live]") {
    observe::error_ring first;
    observe::error_ring second;
    observe::exchange_record one;
    one.why = cause::connect_refused;
    std::chrono::system_clock::time_point const start{1'000'000s};
    for (int i = 0; i < 60; ++i) {
        one.finished_at = start + std::chrono::seconds{i};
        std::string const id = "request-" + std::to_string(i);
        one.request_id = id;
        one.target = "/a?secret=1";
        (i % 2 == 0 ? first : second).note(one);
    }
    admin::recent_errors all{2};
    for (int again = 0; again < 2; ++again) {
        all.add(0, first.newer_than(all.known_of(0)));
        all.add(1, second.newer_than(all.known_of(1)));
    }
    admin::json_text to;
    all.write(to, 100);
    auto const written = json_value::parse(to.take());
    CHECK(written.size() == 60);
    CHECK(written[0]["request_id"].text() == "request-59");
    CHECK(written[0]["path"].text() == "/a");
    CHECK(written[59]["request_id"].text() == "request-0");
}

TEST_CASE("a flood of clients' errors leaves the others in their place", "[unit][live]") {
    observe::error_ring ring;
    observe::exchange_record one;
    one.why = cause::response_head_timeout;
    ring.note(one);
    one.why = cause::no_route;
    for (int i = 0; i < 1'000; ++i) ring.note(one);
    auto const found = ring.newer_than(0);
    CHECK(found.size() == 1 + observe::error_ring::kept_of_clients);
    CHECK(std::count_if(found.begin(), found.end(), [](auto const& each) {
              return each.why == cause::response_head_timeout;
          }) == 1);
}

TEST_CASE("JSON is written so that any reader takes it", "[unit][json]") {
    admin::json_text to;
    to.begin_object();
    to.member("text", std::string{"a\"b\\c\n\x01\xff", 8});
    to.member("number", 0.1 + 0.2);
    to.member("whole", std::uint64_t{18'446'744'073'709'551'615U});
    to.member("tiny", -0.0001);
    to.member("none", 0.0 / 0.0);
    to.member("yes", true);
    to.array("list");
    to.value(1);
    to.begin_object();
    to.end_object();
    to.begin_array();
    to.end_array();
    to.end_array();
    to.end_object();
    auto const text = to.take();
    CHECK(
        text == R"({"text":"a\"b\\c\n\u0001\u00ff","number":0.3,"whole":18446744073709551615,)"
                R"("tiny":0,"none":null,"yes":true,"list":[1,{},[]]})");
    CHECK(json_value::parse(text)["list"].size() == 3);
}

// SPDX-License-Identifier: Apache-2.0
// How a pool chooses by what it was told of its endpoints, and how it judges them.
#include "proxy/upstream_pool.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

using namespace gateway;
using proxy::endpoint_state;
using proxy::standing;

namespace {

endpoint_state state_of(int last, standing how = standing::available) {
    endpoint_state one;
    one.address = *net::address::from_literal("10.0.0." + std::to_string(last), 80);
    one.number = static_cast<std::uint32_t>(last);
    one.standing = how;
    return one;
}

struct listener final : proxy::endpoint_watch {
    void health_changed(std::size_t, std::uint32_t, bool, std::string) noexcept override {}
    void found_outlier(
        std::size_t, std::uint32_t number, upstream::finding what) noexcept override {
        found.emplace_back(number, what);
    }
    void probed(std::size_t, std::uint32_t) noexcept override {}
    std::vector<std::pair<std::uint32_t, upstream::finding>> found;
};

struct observer final : proxy::availability_observer {
    void endpoint_available(proxy::upstream_pool&) noexcept override { ++told; }
    int told = 0;
};

struct pool_of {
    explicit pool_of(settings::upstream rules = {}, std::size_t cores = 1)
        : settings(snapshot_of(std::move(rules))),
          pool(core, counters, settings, 0, 0, cores, &news) {}

    static settings::snapshot snapshot_of(settings::upstream rules) {
        settings::snapshot all;
        all.upstreams.push_back(std::move(rules));
        return all;
    }
    void set(std::vector<endpoint_state> const& states) { pool.set_endpoints(states); }
    std::string choose(proxy::endpoint const* avoid = nullptr) {
        auto const chosen = pool.choose({}, avoid);
        return chosen.at != nullptr ? chosen.at->text : std::string{word_of(chosen.why)};
    }
    std::set<std::string> choices(int rounds = 200) {
        std::set<std::string> all;
        for (int i = 0; i < rounds; ++i) all.insert(choose());
        return all;
    }

    runtime::core core{0};
    settings::snapshot settings;
    observe::traffic_counters counters{1, 1};
    listener news;
    proxy::upstream_pool pool;
};

std::string const a = "10.0.0.1:80";
std::string const b = "10.0.0.2:80";

}  // namespace

TEST_CASE("a request goes to the best that there is", "[unit][choice]") {
    auto far = state_of(2);
    far.in_own_zone = false;
    auto const far_draining = state_of(3, standing::draining);
    auto const [states, expected, claim] =
        GENERATE_COPY(table<std::vector<endpoint_state>, std::set<std::string>, std::string>({
            {{}, {"name_unresolved"}, "no address is known"},
            {{state_of(1), state_of(2)}, {a, b}, "any available one"},
            {{state_of(1), far}, {a}, "the own zone first"},
            {{far, far_draining}, {b}, "another zone before one that drains"},
            {{far_draining, state_of(1, standing::reserve)}, {"10.0.0.3:80"}, "drains last"},
            {{state_of(1, standing::reserve)}, {"no_endpoint"}, "unhealthy ones never"},
            {{state_of(1, standing::untested)}, {"no_endpoint"}, "untested ones never"},
        }));
    CAPTURE(claim);
    pool_of one;
    one.set(states);
    CHECK(one.choices() == expected);
}

TEST_CASE("fail_open takes unhealthy ones when there is no other", "[unit][choice]") {
    settings::upstream rules;
    rules.fail_open = true;
    pool_of one{rules};
    one.set({state_of(1, standing::reserve), state_of(2, standing::untested)});
    CHECK(one.choices() == std::set{a});
    one.set({state_of(1, standing::reserve), state_of(2)});
    CHECK(one.choices() == std::set{b});
}

TEST_CASE("zones do not matter to hashes, nor when they are not to", "[unit][choice]") {
    settings::upstream rules;
    bool const off = GENERATE(false, true);
    if (off) {
        rules.balance.prefer_zone = false;
    } else {
        rules.balance.method = settings::balance_method::hash;
    }
    pool_of one{rules};
    auto far = state_of(2);
    far.in_own_zone = false;
    one.set({state_of(1), far});
    std::set<std::string> seen;
    for (std::uint64_t key = 1; key < 200; ++key)
        seen.insert(one.pool.choose({key}, nullptr).at->text);
    CHECK(seen == std::set{a, b});
}

TEST_CASE("a retry goes elsewhere when there is elsewhere", "[unit][choice]") {
    pool_of one;
    one.set({state_of(1), state_of(2)});
    auto* const first = one.pool.choose({}, nullptr).at;
    for (int i = 0; i < 50; ++i) CHECK(one.choose(first) != first->text);
    CHECK(one.pool.has_other_than(*first));
    one.set({state_of(1)});
    auto* const only = one.pool.choose({}, nullptr).at;
    CHECK(one.choose(only) == a);
    CHECK(!one.pool.has_other_than(*only));
    one.set({state_of(2), state_of(1, standing::reserve)});
    CHECK(one.pool.has_other_than(*only));
    CHECK(one.choose(only) == b);
}

TEST_CASE("a request that some endpoints refused goes to the one that is left", "[unit][choice]") {
    using method = settings::balance_method;
    settings::upstream rules;
    rules.balance.method = GENERATE(
        method::two_choices, method::round_robin, method::least_requests, method::hash,
        method::sticky_cookie);
    pool_of one{rules};
    one.set({state_of(1), state_of(2), state_of(3), state_of(4)});
    for (int round = 0; round < 50; ++round) {
        proxy::unreached_endpoints unreached;
        std::set<std::string> seen;
        proxy::endpoint const* last = nullptr;
        for (int i = 0; i < 4; ++i) {
            if (last != nullptr) CHECK(one.pool.has_other_than(*last, unreached));
            last = one.pool.choose({}, last, unreached).at;
            seen.insert(last->text);
            unreached.add(*last);
        }
        CHECK(seen.size() == 4);
        CHECK(!one.pool.has_other_than(*last, unreached));
        // Better one of them than none; and the next request knows of nothing.
        CHECK(one.pool.choose({}, last, unreached).at != nullptr);
    }
    CHECK(one.choices().size() == (rules.balance.method == method::hash ? 1U : 4U));
}

TEST_CASE("a full endpoint is passed over, and full ones are told from none", "[unit][choice]") {
    settings::upstream rules;
    rules.endpoint_limits.requests = 2;
    pool_of one{rules};
    observer told;
    one.pool.observe_availability(&told);
    one.set({state_of(1), state_of(2)});
    CHECK(told.told == 1);
    std::vector<proxy::lease> leases;
    for (int i = 0; i < 4; ++i) {
        auto* const at = one.pool.choose({}, nullptr).at;
        REQUIRE(at != nullptr);
        leases.push_back(one.pool.lend_new(*at));
    }
    CHECK(one.choose() == "endpoints_full");
    CHECK(one.counters.endpoints(0).traffic.at(1).in_flight.value() == 2);
    CHECK(one.counters.endpoints(0).traffic.at(2).connections.value() == 2);
    auto const freed = leases.back()->at.text;
    leases.pop_back();
    CHECK(told.told == 2);
    CHECK(one.choose() == freed);
    leases.clear();
    CHECK(told.told == 3);  // the other was full too; the second of each was not
    CHECK(one.counters.endpoints(0).traffic.at(1).in_flight.value() == 0);
    CHECK(one.counters.endpoints(0).traffic.at(1).connections.value() == 0);
}

TEST_CASE("a limit is shared by the cores, at least one each", "[unit][choice]") {
    auto const [limit, cores, share] =
        GENERATE(table<std::uint32_t, std::size_t, int>({{10, 1, 10}, {10, 4, 3}, {1, 8, 1}}));
    settings::upstream rules;
    rules.endpoint_limits.requests = limit;
    pool_of one{rules, cores};
    one.set({state_of(1)});
    std::vector<proxy::lease> leases;
    while (auto* const at = one.pool.choose({}, nullptr).at) {
        leases.push_back(one.pool.lend_new(*at));
    }
    CHECK(leases.size() == static_cast<std::size_t>(share));
}

TEST_CASE("a cookie's endpoint is kept while it is available", "[unit][choice]") {
    settings::upstream rules;
    rules.balance.method = settings::balance_method::sticky_cookie;
    pool_of one{rules};
    one.set({state_of(1), state_of(2), state_of(3)});
    auto const id = one.pool.choose({}, nullptr).at->identity;
    for (int i = 0; i < 50; ++i) CHECK(one.pool.choose({0, id}, nullptr).at->identity == id);
    auto* const at = one.pool.choose({0, id}, nullptr).at;
    CHECK(one.pool.choose({0, id}, at).at != at);
    CHECK(one.pool.choose({0, 12'345}, nullptr).at != nullptr);
}

TEST_CASE("a newcomer begins with little and ends with its share", "[unit][choice]") {
    pool_of one;
    auto late = state_of(2);
    late.since = one.core.now();
    one.set({state_of(1), late});
    auto const share = [&] {
        int taken = 0;
        for (int i = 0; i < 4'000; ++i) taken += one.choose() == b ? 1 : 0;
        return taken / 40.0;
    };
    CHECK(share() < 14);  // 10 of 110, in percent
    one.pool.sweep(late.since + 5s);
    auto const half = share();
    CHECK(half > 28);  // 55 of 155
    CHECK(half < 43);
    one.pool.sweep(late.since + 10s);
    CHECK(share() > 45);
}

TEST_CASE("findings are told once, by number", "[unit][choice]") {
    pool_of one;
    one.set({state_of(7), state_of(8)});
    auto* const at = one.pool.choose({}, nullptr).at;
    for (int i = 0; i < 5; ++i) {
        one.pool.observe(*at, {cause::upstream_reset, 0}, {}, one.core.now());
    }
    REQUIRE(one.news.found.size() == 1);
    CHECK(one.news.found[0].first == at->state.number);
    auto const& cell = one.counters.endpoints(0).traffic.at(at->state.number);
    CHECK(cell.requests.value() == 5);
    CHECK(cell.failures.value() == 5);
}

TEST_CASE("rates are judged every second, on what the last ten have shown", "[unit][choice]") {
    pool_of one;
    one.set({state_of(1), state_of(2)});
    auto const serve = [&](int requests) {
        for (int i = 0; i < requests; ++i) {
            auto* const at = one.pool.choose({}, nullptr).at;
            bool const bad = at->text == b && i % 3 == 0;
            std::uint16_t const status = bad ? 500 : 200;
            one.pool.observe(*at, {cause::none, status}, 1ms, one.core.now());
        }
    };
    auto const begin = one.core.now();
    SECTION("a clear case is told with the first look") {
        serve(400);
        one.pool.sweep(begin + 900ms);
        CHECK(one.news.found.empty());
        one.pool.sweep(begin + 1s);
        REQUIRE(one.news.found.size() == 1);
        CHECK(one.news.found[0] == std::pair{2U, upstream::finding::low_success_rate});
        one.pool.sweep(begin + 2s);
        CHECK(one.news.found.size() == 1);
    }
    SECTION("evidence adds up within the ten seconds") {
        for (int second = 1; second <= 9 && one.news.found.empty(); ++second) {
            serve(20);
            one.pool.sweep(begin + second * 1s);
        }
        CHECK(one.news.found.size() == 1);
    }
    SECTION("and is forgotten after them") {
        serve(40);
        for (int second = 1; second <= 10; ++second) {
            if (second == 10) one.news.found.clear();
            one.pool.sweep(begin + second * 1s);
        }
        one.news.found.clear();
        serve(20);
        one.pool.sweep(begin + 11s);
        CHECK(one.news.found.empty());
    }
}

TEST_CASE("a learned limit is kept and shown", "[unit][choice]") {
    settings::upstream rules;
    rules.endpoint_limits.adaptive = true;
    rules.endpoint_limits.requests = 30;
    pool_of one{rules};
    one.set({state_of(1)});
    auto* const at = one.pool.choose({}, nullptr).at;
    CHECK(at->requests_max == upstream::adaptive_limit::first);
    auto now = one.core.now();
    for (int i = 0; i < 300; ++i) {
        one.pool.observe(*at, {cause::none, 200}, std::chrono::seconds{1 + i}, now += 20ms);
    }
    CHECK(at->requests_max < upstream::adaptive_limit::first);
    CHECK(at->seat->in_flight_max == at->requests_max);
    CHECK(one.counters.endpoints(0).traffic.at(1).limit.value() == at->requests_max);
}

TEST_CASE("an endpoint that left takes no more notice", "[unit][choice]") {
    pool_of one;
    one.set({state_of(1), state_of(2)});
    auto* const at = one.pool.choose({}, nullptr).at;
    auto lease = one.pool.lend_new(*at);
    one.set({});
    CHECK(one.choose() == "name_unresolved");
    one.pool.observe(*at, {cause::upstream_reset, 0}, {}, one.core.now());
    lease.discard();
    CHECK(one.counters.endpoints(0).traffic.at(at->state.number).in_flight.value() == 0);
    one.set({state_of(1), state_of(2)});
    CHECK(one.choices() == std::set{a, b});
}

// SPDX-License-Identifier: Apache-2.0
// What the control thread makes of listings, verdicts and findings; every change of state is one
// log line and one counter.
#include "proxy/endpoint_board.hpp"

#include "support/captured_stderr.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gateway;
using proxy::endpoint_board;
using proxy::endpoint_state;
using proxy::standing;
using upstream::finding;

namespace {

net::address address(int last, std::uint16_t port = 80) {
    return *net::address::from_literal("10.0.0." + std::to_string(last), port);
}

net::listing listed(int last, bool present = true) {
    return {.address = address(last), .weight = 1, .present = present};
}

settings::upstream rules_with(bool health_check) {
    settings::upstream rules;
    rules.name = "app";
    rules.endpoints = {{{"app", 80}}, {{"more", 80}}};
    rules.health_check.enabled = health_check;
    return rules;
}

struct board_of {
    explicit board_of(settings::upstream with, std::string const& zone = "")
        : rules(std::move(with)), board(rules, zone, {&core}) {}

    endpoint_state const* find(int last) {
        states = board.states();
        for (auto const& each : states) {
            if (each.address == address(last)) return &each;
        }
        return nullptr;
    }
    standing standing_of(int last) { return find(last)->standing; }
    std::uint32_t number_of(int last) { return find(last)->number; }
    proxy::endpoint_figures figures_of(int last) {
        for (auto const& each : board.figures(now)) {
            if (each.endpoint == address(last).text()) return each;
        }
        return {};
    }
    bool health(int last, bool healthy) {
        return board.health_changed(number_of(last), healthy, "status 500", now);
    }
    bool eject(int last) {
        return board.found_outlier(number_of(last), finding::failures_in_a_row, now);
    }

    settings::upstream rules;
    observe::endpoint_counters core;
    time_point now{1h};
    endpoint_board board;
    std::vector<endpoint_state> states;
};

std::vector<net::listing> all_of(int count) {
    std::vector<net::listing> all;
    for (int i = 1; i <= count; ++i) all.push_back(listed(i));
    return all;
}

}  // namespace

TEST_CASE("without probes an endpoint is available at once", "[unit][board]") {
    board_of one{rules_with(false)};
    CHECK(one.board.list(0, all_of(2), one.now));
    CHECK(one.standing_of(1) == standing::available);
    CHECK(one.standing_of(2) == standing::available);
    CHECK(!one.board.awaits_probe());
    SECTION("one that its name no longer has takes no new request") {
        one.board.list(0, std::vector{listed(1), listed(2, false)}, one.now);
        CHECK(one.standing_of(2) == standing::untested);
        one.board.list(0, all_of(2), one.now);
        CHECK(one.standing_of(2) == standing::available);
    }
}

TEST_CASE("with probes an endpoint waits for its first pass", "[unit][board]") {
    support::captured_stderr const log;
    board_of one{rules_with(true)};
    one.board.list(0, all_of(2), one.now);
    CHECK(one.standing_of(1) == standing::untested);
    CHECK(one.board.awaits_probe());
    one.board.probed(one.number_of(2));
    CHECK(one.board.awaits_probe());
    CHECK(one.health(1, true));
    CHECK(!one.board.awaits_probe());
    CHECK(one.standing_of(1) == standing::available);
    CHECK(one.standing_of(2) == standing::untested);
    SECTION("a flip is one line and one count") {
        CHECK(one.health(1, false));
        CHECK(!one.health(1, false));
        CHECK(one.standing_of(1) == standing::reserve);
        CHECK(one.figures_of(1).became_healthy == 1);
        CHECK(one.figures_of(1).became_unhealthy == 1);
    }
    SECTION("absent and passing it drains, absent and failing it does not") {
        one.board.list(0, std::vector{listed(1, false), listed(2)}, one.now);
        CHECK(one.standing_of(1) == standing::draining);
        one.health(1, false);
        CHECK(one.standing_of(1) == standing::untested);
    }
    SECTION("gone and back it begins anew") {
        one.board.list(0, std::vector{listed(2)}, one.now);
        CHECK(one.find(1) == nullptr);
        one.board.list(0, all_of(2), one.now);
        CHECK(one.standing_of(1) == standing::untested);
    }
    SECTION("verdicts on who is gone change nothing") {
        auto const number = one.number_of(1);
        one.board.list(0, std::vector{listed(2)}, one.now);
        CHECK(!one.board.health_changed(number, true, "", one.now));
        CHECK(!one.board.health_changed(4'000, true, "", one.now));
    }
}

TEST_CASE("one address of two settings is one endpoint", "[unit][board]") {
    board_of one{rules_with(false)};
    one.board.list(0, std::vector{listed(1, false), listed(2)}, one.now);
    one.board.list(1, std::vector{listed(1), listed(2)}, one.now);
    CHECK(one.board.states().size() == 2);
    CHECK(one.find(1)->position == 1);  // the one that has it
    CHECK(one.find(2)->position == 0);
}

TEST_CASE("weights multiply, and a zone is known by its setting", "[unit][board]") {
    auto rules = rules_with(false);
    rules.endpoints[0].weight = 3;
    rules.endpoints[0].zone = "a";
    rules.endpoints[1].zone = "b";
    auto const own = GENERATE(as<std::string>{}, "", "a", "b");
    board_of one{rules, own};
    one.board.list(0, std::vector{net::listing{address(1), 5, true}}, one.now);
    one.board.list(1, std::vector{listed(2)}, one.now);
    CHECK(one.find(1)->weight == 15);
    CHECK(one.find(1)->in_own_zone == (own != "b"));
    CHECK(one.find(2)->in_own_zone == (own != "a"));
}

TEST_CASE("an ejected endpoint returns, slowly", "[unit][board]") {
    support::captured_stderr const log;
    board_of one{rules_with(false)};
    one.board.list(0, all_of(4), one.now);
    CHECK(one.find(1)->since == time_point{});
    CHECK(one.eject(1));
    CHECK(!one.eject(1));
    CHECK(one.standing_of(1) == standing::reserve);
    CHECK(one.figures_of(1).ejected);
    CHECK(!one.board.ticked(one.now + 9'999ms));
    CHECK(one.board.ticked(one.now + 10s));
    CHECK(one.standing_of(1) == standing::available);
    CHECK(one.find(1)->since == one.now + 10s);
    CHECK(one.figures_of(1).ejections[0] == 1);
}

TEST_CASE("at most half are ejected, never the last one", "[unit][board]") {
    support::captured_stderr const log;
    board_of one{rules_with(true)};
    one.board.list(0, all_of(4), one.now);
    for (int i = 1; i <= 4; ++i) one.health(i, true);
    CHECK(one.eject(1));
    CHECK(one.eject(2));
    CHECK(!one.eject(3));
    CHECK(one.figures_of(3).refusals[1] == 1);
    SECTION("when the others fall the ejected return early") {
        one.health(3, false);
        CHECK(one.standing_of(1) == standing::reserve);
        one.health(4, false);
        CHECK(one.standing_of(1) == standing::available);
        CHECK(one.standing_of(2) == standing::available);
        SECTION("and the last one stays") {
            one.health(1, false);
            CHECK(!one.eject(2));
            CHECK(one.figures_of(2).refusals[0] == 1);
        }
    }
    SECTION("also when they vanish") {
        one.board.list(0, std::vector{listed(1)}, one.now);
        CHECK(one.standing_of(1) == standing::available);
    }
}

TEST_CASE("the first endpoints begin at once, later ones slowly", "[unit][board]") {
    support::captured_stderr const log;
    board_of one{rules_with(true)};
    one.board.list(0, all_of(2), one.now);
    one.health(1, true);
    CHECK(one.find(1)->since == time_point{});
    one.now += 1s;
    one.health(2, true);
    CHECK(one.find(2)->since == time_point{});
    one.now += 1s;
    one.board.list(0, all_of(3), one.now);
    one.health(3, true);
    CHECK(one.find(3)->since == one.now);
}

TEST_CASE("an endpoint that is gone is forgotten after five minutes", "[unit][board]") {
    board_of one{rules_with(false)};
    one.board.list(0, all_of(2), one.now);
    auto const number = one.number_of(1);
    auto& cell = one.core.traffic.at(number);
    cell.requests.add(7);
    cell.connections.set(1);
    one.board.list(0, std::vector{listed(2)}, one.now);
    CHECK(one.figures_of(1).requests == 7);
    CHECK(!one.figures_of(1).listed);
    one.now += 5min;
    SECTION("but not before its connections have gone") {
        CHECK(one.figures_of(1).requests == 7);
        one.board.list(0, std::vector{listed(2), listed(3)}, one.now);
        CHECK(one.number_of(3) != number);
    }
    SECTION("and its number is given again, with counters from zero") {
        cell.connections.set(0);
        CHECK(one.figures_of(1).endpoint.empty());
        one.board.list(0, std::vector{listed(2), listed(3)}, one.now);
        CHECK(one.number_of(3) == number);
        CHECK(one.figures_of(3).requests == 0);
        cell.requests.add(2);
        CHECK(one.figures_of(3).requests == 2);
    }
}

TEST_CASE("addresses without end do not fill the memory", "[unit][board]") {
    support::captured_stderr const log;
    board_of one{rules_with(false)};
    std::vector<net::listing> many;
    for (std::size_t i = 0; i <= endpoint_board::endpoints_max; ++i) {
        many.push_back(
            {.address =
                 address(1 + static_cast<int>(i % 250), static_cast<std::uint16_t>(1 + i / 250))});
    }
    one.board.list(0, many, one.now);
    CHECK(one.board.states().size() == endpoint_board::endpoints_max);
}

TEST_CASE("what the operator asks outlives health and names", "[unit][board]") {
    board_of one{rules_with(true)};
    one.board.list(0, all_of(2), one.now);
    one.health(1, true);
    one.health(2, true);
    bool known = false;
    using proxy::operator_word;
    auto const ask = [&](operator_word word, std::string const& who = address(1).text()) {
        return one.board.operate(who, word, one.now, known);
    };
    CHECK(ask(operator_word::drain));
    CHECK(known);
    CHECK(one.standing_of(1) == standing::draining);
    CHECK(!ask(operator_word::drain));
    CHECK(ask(operator_word::disable));
    CHECK(one.standing_of(1) == standing::disabled);
    // Neither a probe nor its name changes that.
    one.health(1, false);
    CHECK(one.standing_of(1) == standing::disabled);
    one.health(1, true);
    CHECK(one.standing_of(1) == standing::disabled);
    one.board.list(0, std::vector{listed(2)}, one.now);
    one.now += 1min;
    one.board.list(0, all_of(2), one.now);
    one.health(1, true);
    CHECK(one.standing_of(1) == standing::disabled);
    CHECK(!one.figures_of(1).available);
    CHECK(one.figures_of(1).word == operator_word::disable);
    CHECK(ask(operator_word::none));
    CHECK(one.standing_of(1) == standing::available);
    CHECK(!ask(operator_word::drain, "10.9.9.9:1"));
    CHECK(!known);
}

TEST_CASE("an address that returns after its time is a new one", "[unit][board]") {
    support::captured_stderr const log;
    board_of one{rules_with(false)};
    one.board.list(0, all_of(2), one.now);
    bool known = false;
    one.board.operate(address(1).text(), proxy::operator_word::disable, one.now, known);
    one.board.list(0, std::vector{listed(2)}, one.now);
    one.now += endpoint_board::remembered + 1s;
    one.board.list(0, all_of(2), one.now);
    CHECK(one.standing_of(1) == standing::available);
    CHECK(log.text().find("what was asked of it is forgotten") != std::string::npos);
}

TEST_CASE("who is not available says why", "[unit][board]") {
    board_of one{rules_with(true)};
    one.board.list(0, all_of(3), one.now);
    for (int i = 1; i <= 3; ++i) one.health(i, true);
    CHECK(one.figures_of(1).why.empty());
    one.health(1, false);
    CHECK(one.figures_of(1).why == "status 500");
    one.eject(2);
    CHECK(one.figures_of(2).why == "too many failures in a row");
    CHECK(one.figures_of(2).ejected_for > 0ms);
    one.now += 1min;
    one.board.ticked(one.now);
    CHECK(one.figures_of(2).why.empty());
    one.health(1, true);
    CHECK(one.figures_of(1).why.empty());
    // The end of an ejection does not take the other reason away.
    one.eject(3);
    one.health(3, false);
    CHECK(one.figures_of(3).why == "too many failures in a row");
    one.now += 1min;
    one.board.ticked(one.now);
    CHECK(one.figures_of(3).why == "status 500");
}

TEST_CASE("an endpoint that a reload takes away serves until another can", "[unit][board]") {
    board_of one{rules_with(true)};
    one.board.list(0, std::vector{listed(1)}, one.now);
    one.health(1, true);
    settings::upstream rules = rules_with(true);
    rules.endpoints = {{{"fresh", 80}}};
    one.board.take_rules(rules, one.now);
    CHECK(one.standing_of(1) == standing::draining);
    CHECK(one.find(1)->position == endpoint_state::of_before);
    one.board.list(0, std::vector{listed(2)}, one.now);
    CHECK(one.standing_of(2) == standing::untested);
    CHECK(one.standing_of(1) == standing::draining);
    SECTION("the new one passes its first probe") {
        one.health(2, true);
        CHECK(one.standing_of(2) == standing::available);
        CHECK(one.find(1) == nullptr);
    }
    SECTION("or it never does") {
        one.now += endpoint_board::leaving_max;
        CHECK(one.board.ticked(one.now));
        CHECK(one.find(1) == nullptr);
    }
}

TEST_CASE("a reload keeps what is known of an endpoint that stays", "[unit][board]") {
    board_of one{rules_with(true)};
    one.board.list(0, all_of(2), one.now);
    one.health(1, true);
    one.health(2, true);
    one.eject(2);
    auto const number = one.number_of(1);
    settings::upstream rules = rules_with(true);
    rules.endpoints = {{{"new", 80}}, {{"app", 80}, 5}};
    one.board.take_rules(rules, one.now);
    CHECK(one.standing_of(1) == standing::available);
    CHECK(one.standing_of(2) == standing::reserve);
    CHECK(one.number_of(1) == number);
    CHECK(one.find(1)->position == 1);
    CHECK(one.find(1)->weight == 5);
}

TEST_CASE("without its probes an endpoint that failed them is healthy", "[unit][board]") {
    board_of one{rules_with(true)};
    one.board.list(0, all_of(2), one.now);
    one.health(1, false);
    one.board.take_rules(rules_with(false), one.now);
    CHECK(one.standing_of(1) == standing::available);
    CHECK(one.standing_of(2) == standing::available);
}

TEST_CASE("a newcomer in front of the list takes nobody's number", "[unit][board]") {
    board_of one{rules_with(true)};
    one.board.list(0, std::vector{listed(1)}, one.now);
    one.health(1, true);
    auto const number = one.number_of(1);
    one.board.list(0, std::vector{listed(2), listed(1)}, one.now);
    CHECK(one.number_of(1) == number);
    CHECK(one.standing_of(1) == standing::available);
    CHECK(one.number_of(2) != number);
}

// SPDX-License-Identifier: Apache-2.0
// The rules by which answers of name servers become endpoints.
#include "upstream/address_book.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace gateway::upstream {
namespace {

place at(int last, std::uint16_t port = 80) {
    place out;
    out.bytes[10] = out.bytes[11] = 0xff;
    out.bytes[12] = 10;
    out.bytes[15] = static_cast<std::uint8_t>(last);
    out.port = port;
    return out;
}

place v6(int last) {
    place out;
    out.bytes[0] = 0xfd;
    out.bytes[15] = static_cast<std::uint8_t>(last);
    out.port = 80;
    return out;
}

dns_answer answer(std::vector<int> const& lasts, milliseconds ttl = 1s) {
    dns_answer out;
    for (int const last : lasts) out.records.push_back({at(last)});
    out.ttl = ttl;
    return out;
}

std::vector<int> range(int first, int count) {
    std::vector<int> out;
    for (int i = 0; i < count; ++i) out.push_back(first + i);
    return out;
}

constexpr time_point begin{1'000s};

// A book and the clock it is asked by.
struct stage {
    address_book book;
    time_point now = begin;

    explicit stage(settings::dns const& limits = {}) : book(limits) {}

    changes answered(dns_answer const& what, milliseconds later = 1s) {
        now += later;
        book.asked(now);
        return book.answered(what, now, 0);
    }
    std::string text() const {
        std::string out;
        for (auto const& each : book.entries()) {
            out += (out.empty() ? "" : " ") + std::to_string(each.at.bytes[15]) +
                   (each.at.is_v4() ? "" : "v6") + (each.present ? "" : "-") +
                   (each.weight == 1 ? "" : "*" + std::to_string(each.weight));
        }
        return out;
    }
};

std::string text_of(changes const& all) {
    std::string out;
    for (change const& each : all) {
        out += (out.empty() ? "" : ", ") + std::to_string(each.at.bytes[15]) + ' ' +
               std::string{word_of(each.what)};
    }
    return out;
}

}  // namespace

TEST_CASE("all addresses of a name are endpoints, in an order of their own", "[unit][dns]") {
    stage one;
    CHECK(text_of(one.answered(answer({3, 1, 2}))) == "3 appeared, 1 appeared, 2 appeared");
    CHECK(one.text() == "1 2 3");
    CHECK(one.answered(answer({2, 3, 1})).empty());
    CHECK(one.answered(answer({1, 2, 3, 1})).empty());
}

TEST_CASE("an address that a whole answer leaves out is absent and comes back", "[unit][dns]") {
    stage one;
    one.answered(answer({1, 2}));
    CHECK(text_of(one.answered(answer({2, 3}))) == "3 appeared, 1 disappeared");
    CHECK(one.text() == "1- 2 3");
    CHECK(one.book.present() == 2);
    CHECK(one.book.absent() == 1);
    CHECK(text_of(one.answered(answer({1, 2, 3}))) == "1 returned");
    CHECK(one.text() == "1 2 3");
}

TEST_CASE("failures and empty answers take nothing away", "[unit][dns]") {
    stage one;
    one.answered(answer({1, 2}));
    for (int i = 0; i < 1'000; ++i) {
        one.now += 10s;
        one.book.failed(one.now, 0);
        CHECK(one.book.expire(one.now).empty());
    }
    CHECK(one.answered(answer({})).empty());
    CHECK(one.text() == "1 2");
}

TEST_CASE("an absent address goes when it fails, or after its time", "[unit][dns]") {
    stage one{settings::dns{.absent = 60s}};
    one.answered(answer({1, 2}));
    one.answered(answer({2}));
    SECTION("failing first") {
        CHECK(one.book.health_changed(at(1), true).empty());
        CHECK(text_of(one.book.health_changed(at(1), false)) == "1 dropped");
        CHECK(one.text() == "2");
    }
    SECTION("a failed connection") {
        CHECK(text_of(one.book.connect_failed(at(1), one.now)) == "1 dropped");
    }
    SECTION("too long") {
        CHECK(one.answered(answer({2}), 59s).empty());
        CHECK(text_of(one.answered(answer({2}))) == "1 dropped");
    }
    SECTION("too long while the name does not resolve") {
        CHECK(text_of(one.book.expire(one.now + 60s)) == "1 dropped");
    }
}

TEST_CASE("a failing address stays while its name has it and goes with it", "[unit][dns]") {
    stage one;
    one.answered(answer({1, 2}));
    CHECK(one.book.health_changed(at(1), false).empty());
    CHECK(one.book.connect_failed(at(1), one.now).empty());
    CHECK(one.answered(answer({1, 2})).empty());
    CHECK(text_of(one.answered(answer({2}))) == "1 disappeared, 1 dropped");
    CHECK(one.text() == "2");
}

TEST_CASE("rotating parts of a larger set are merged", "[unit][dns]") {
    stage one{settings::dns{.partial_from = 8, .merged_answers = 3, .merged_for = 1h}};
    one.answered(answer(range(1, 8)));
    CHECK(one.answered(answer(range(5, 8))).size() == 4);
    CHECK(one.book.present() == 12);
    CHECK(one.answered(answer(range(1, 8))).empty());
    CHECK(one.answered(answer(range(5, 8))).empty());
    SECTION("what none of the last ones had is absent") {
        CHECK(one.answered(answer(range(4, 8))).empty());
        CHECK(
            text_of(one.answered(answer(range(5, 8)))) ==
            "1 disappeared, 2 disappeared, 3 disappeared");
        CHECK(one.text() == "1- 2- 3- 4 5 6 7 8 9 10 11 12");
    }
    SECTION("the same answer again comes from a cache and says nothing new") {
        for (int i = 0; i < 20; ++i) CHECK(one.answered(answer(range(5, 8))).empty());
        CHECK(one.book.present() == 12);
    }
    SECTION("but not for ever") {
        CHECK(one.answered(answer(range(5, 8)), 1h).size() == 4);
        CHECK(one.book.present() == 8);
    }
    SECTION("a shorter answer is whole") {
        CHECK(one.answered(answer(range(1, 7))).size() == 5);
        CHECK(one.book.present() == 7);
    }
}

TEST_CASE("what is said of one family does not touch the other", "[unit][dns]") {
    stage one;
    dns_answer both = answer({1, 2});
    both.records.push_back({v6(1)});
    one.answered(both);
    CHECK(one.text() == "1 2 1v6");
    dns_answer v4_only = answer({2});
    v4_only.v6_known = false;
    CHECK(text_of(one.answered(v4_only)) == "1 disappeared");
    CHECK(one.text() == "1- 2 1v6");
    v4_only.v6_known = true;
    one.answered(v4_only);
    CHECK(one.text() == "1- 2 1v6-");
}

TEST_CASE("weights follow SRV records, and a later priority is a reserve", "[unit][dns]") {
    stage one;
    dns_answer srv;
    srv.records = {{at(1), 10}, {at(2), 0}, {at(3), 5, true}};
    one.answered(srv);
    CHECK(one.text() == "1*10 2 3-*5");
    CHECK(one.book.absent() == 0);
    CHECK(one.answered(srv).empty());
    srv.records[0].weight = 20;
    srv.records[2].reserve = false;
    CHECK(text_of(one.answered(srv)) == "1 reweighted, 3 reweighted");
    CHECK(one.text() == "1*20 2 3*5");
}

TEST_CASE("one address with two ports is two endpoints", "[unit][dns]") {
    stage one;
    dns_answer srv;
    srv.records = {{at(1, 8080)}, {at(1, 8081)}};
    one.answered(srv);
    CHECK(one.book.entries().size() == 2);
}

TEST_CASE("the next look-up is due after the TTL within its bounds", "[unit][dns]") {
    auto [ttl, due] = GENERATE(table<milliseconds, milliseconds>({
        {0ms, 1s},
        {1s, 1s},
        {5s, 5s},
        {600s, 10s},
    }));
    CAPTURE(ttl.count());
    address_book book{settings::dns{}};
    book.answered(answer({1}, ttl), begin, 0);
    CHECK(book.ask_again_at() == begin + due);
    book.answered(answer({1}, ttl), begin, 1);
    CHECK(book.ask_again_at() < begin + due);
    CHECK(book.ask_again_at() >= begin + due * 7 / 10);
}

TEST_CASE("failures are asked again for slower and slower", "[unit][dns]") {
    address_book book{settings::dns{}};
    for (auto const pause : {1s, 2s, 4s, 8s, 10s, 10s}) {
        book.failed(begin, 0);
        CHECK(book.ask_again_at() == begin + pause);
    }
    book.answered(answer({1}), begin, 0);
    book.failed(begin, 0);
    CHECK(book.ask_again_at() == begin + 1s);
    for (int i = 0; i < 100'000; ++i) book.failed(begin, 0);
    CHECK(book.ask_again_at() == begin + 10s);
}

TEST_CASE("a failed connection makes the name due, once a pause", "[unit][dns]") {
    stage one{settings::dns{.failure_pause = 1s}};
    one.answered(answer({1}, 10s));
    one.book.connect_failed(at(1), one.now + 100ms);
    CHECK(one.book.ask_again_at() == one.now + 1s);
    one.book.connect_failed(at(1), one.now + 5s);
    CHECK(one.book.ask_again_at() == one.now + 1s);
    one.answered(answer({1}, 10s), 2s);
    one.book.connect_failed(at(1), one.now + 3s);
    CHECK(one.book.ask_again_at() == one.now + 3s);
    SECTION("an address of another name is none of its business") {
        one.answered(answer({1}, 10s), 2s);
        one.book.connect_failed(at(9), one.now + 3s);
        CHECK(one.book.ask_again_at() == one.now + 10s);
    }
}

TEST_CASE("a name holds no more addresses than its limit", "[unit][dns]") {
    stage one{settings::dns{.partial_from = 100, .addresses = 3}};
    one.answered(answer({1, 2, 3, 4, 5}));
    CHECK(one.text() == "1 2 3");
    CHECK(one.book.ignored() == 2);
    SECTION("those it has come first") {
        CHECK(one.answered(answer({5, 4, 3, 2, 1})).empty());
        CHECK(one.text() == "1 2 3");
    }
    SECTION("an absent one gives way") {
        one.answered(answer({2, 3}));
        CHECK(text_of(one.answered(answer({2, 3, 4}))) == "1 dropped, 4 appeared");
        CHECK(one.book.ignored() == 0);
    }
}

}  // namespace gateway::upstream

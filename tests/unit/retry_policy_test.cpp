// SPDX-License-Identifier: Apache-2.0
#include "upstream/retry_policy.hpp"

#include "upstream/replay_ledger.hpp"
#include "upstream/retry_budget.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using upstream::attempt_facts;
using upstream::connection_end;
using upstream::decide_retry;
using upstream::proves_unseen;
using upstream::retry_at;
using upstream::retry_rules;

namespace {

attempt_facts failed(cause why, http::method method = http::method::get) {
    attempt_facts facts;
    facts.why = why;
    facts.method = method;
    facts.other_endpoint = true;
    return facts;
}

retry_rules const one_extra{};
retry_rules const none_extra{.extra_tries = 0, .on_status = {}};

retry_rules retry_503() {
    retry_rules rules;
    rules.on_status.add(503);
    return rules;
}

}  // namespace

TEST_CASE("a connection that was never made lets any method go elsewhere", "[unit][retry]") {
    auto const why = GENERATE(
        cause::connect_refused, cause::connect_timeout, cause::connect_failed, cause::tls_expired,
        cause::tls_handshake_timeout);
    attempt_facts facts = failed(why, http::method::post);
    auto const verdict = decide_retry(one_extra, facts);
    CHECK(verdict.where == retry_at::other_endpoint);
    CHECK(verdict.reason == retry_reason::connect_failed);
    CHECK(verdict.counts);
    CHECK_FALSE(verdict.repeats);

    SECTION("but not when there is no other endpoint") {
        facts.other_endpoint = false;
        CHECK_FALSE(decide_retry(one_extra, facts));
    }
    SECTION("or later, where it may wait, unless a handshake failed") {
        facts.other_endpoint = false;
        facts.may_wait = true;
        facts.tries_used = 3;
        auto const later = decide_retry(one_extra, facts);
        CHECK(static_cast<bool>(later) == !is_failed_handshake(why));
        CHECK(later.where == (later ? retry_at::later : retry_at::nowhere));
        CHECK(later.counts == !later);
        CHECK_FALSE(decide_retry(none_extra, facts));
    }
    SECTION("as often as allowed") {
        facts.tries_used = 3;
        CHECK_FALSE(decide_retry(one_extra, facts));
        CHECK(decide_retry({.extra_tries = 4, .on_status = {}}, facts));
        facts.tries_used = 0;
        CHECK_FALSE(decide_retry(none_extra, facts));
    }
}

TEST_CASE(
    "what is refused at once is asked of more endpoints than what takes time", "[unit][retry]") {
    auto const [why, again] = GENERATE(table<cause, bool>({
        {cause::connect_refused, true},
        {cause::connect_failed, true},
        {cause::connect_timeout, false},
        {cause::tls_handshake_timeout, false},
    }));
    attempt_facts facts = failed(why, http::method::post);
    for (std::uint32_t const used : {1U, 2U}) {
        facts.tries_used = used;
        CAPTURE(word_of(why), used);
        CHECK(static_cast<bool>(decide_retry(one_extra, facts)) == again);
    }
    facts.tries_used = 3;
    CHECK_FALSE(decide_retry(one_extra, facts));
}

TEST_CASE("a pooled connection that was dead is replaced for any method", "[unit][retry]") {
    attempt_facts facts = failed(
        GENERATE(cause::upstream_closed, cause::upstream_reset),
        GENERATE(http::method::get, http::method::post, http::method::other));
    facts.reused_connection = true;
    facts.request_unseen = true;
    auto const verdict = decide_retry(none_extra, facts);
    CHECK(verdict.where == retry_at::fresh_connection);
    CHECK(verdict.reason == retry_reason::not_received);
    CHECK_FALSE(verdict.counts);
    CHECK_FALSE(verdict.repeats);

    SECTION("once; then the endpoint itself has failed") {
        facts.replaced_before = true;
        CHECK(decide_retry(one_extra, facts).where == retry_at::other_endpoint);
        CHECK(decide_retry(one_extra, facts).counts);
        CHECK_FALSE(decide_retry(none_extra, facts));
    }
    SECTION("not when the client has bytes of a response") {
        facts.client_has_bytes = true;
        CHECK_FALSE(decide_retry(one_extra, facts));
    }
    SECTION("not when part of the body is gone") {
        facts.body_replayable = false;
        CHECK_FALSE(decide_retry(one_extra, facts));
    }
}

TEST_CASE("a request that a fresh connection never took goes elsewhere", "[unit][retry]") {
    attempt_facts facts = failed(cause::upstream_closed, http::method::post);
    facts.request_unseen = true;
    auto const verdict = decide_retry(one_extra, facts);
    CHECK(verdict.where == retry_at::other_endpoint);
    CHECK(verdict.counts);
    CHECK_FALSE(verdict.repeats);
}

TEST_CASE("after a broken connection only idempotent methods go again", "[unit][retry]") {
    auto const [method, again] = GENERATE(table<http::method, bool>({
        {http::method::get, true},
        {http::method::head, true},
        {http::method::put, true},
        {http::method::del, true},
        {http::method::options, true},
        {http::method::post, false},
        {http::method::patch, false},
        {http::method::other, false},
    }));
    auto const reused = GENERATE(false, true);
    attempt_facts facts = failed(
        GENERATE(cause::upstream_closed, cause::upstream_reset, cause::response_truncated), method);
    facts.reused_connection = reused;
    auto const verdict = decide_retry(one_extra, facts);
    CHECK(static_cast<bool>(verdict) == again);
    if (again) {
        CHECK(verdict.where == retry_at::other_endpoint);
        CHECK(verdict.reason == retry_reason::connection_lost);
        CHECK(verdict.repeats);
    }
    CHECK_FALSE(decide_retry(none_extra, facts));
    facts.client_has_bytes = true;
    CHECK_FALSE(decide_retry(one_extra, facts));
}

TEST_CASE("a status is a reason to try again only where it is listed", "[unit][retry]") {
    attempt_facts facts = failed(cause::none);
    facts.status = 503;
    CHECK_FALSE(decide_retry(one_extra, facts));
    auto const verdict = decide_retry(retry_503(), facts);
    CHECK(verdict.where == retry_at::other_endpoint);
    CHECK(verdict.reason == retry_reason::status);
    CHECK(verdict.repeats);

    facts.status = GENERATE(std::uint16_t{200}, std::uint16_t{500}, std::uint16_t{502});
    CHECK_FALSE(decide_retry(retry_503(), facts));
    facts.status = 503;
    facts.method = http::method::post;
    CHECK_FALSE(decide_retry(retry_503(), facts));
    facts.method = http::method::get;
    facts.tries_used = 1;
    CHECK_FALSE(decide_retry(retry_503(), facts));
}

TEST_CASE("what the client or the clock ended is not repeated", "[unit][retry]") {
    attempt_facts facts = failed(GENERATE(
        cause::response_head_timeout, cause::client_closed, cause::response_malformed,
        cause::name_unresolved, cause::body_too_large, cause::out_of_descriptors));
    facts.reused_connection = true;
    CHECK_FALSE(decide_retry(one_extra, facts));
}

TEST_CASE("an orderly end without an acknowledgement proves, a reset does not", "[unit][retry]") {
    auto const [why, written, acknowledged, proof] = GENERATE(table<cause, bool, bool, bool>({
        {cause::upstream_closed, true, false, true},
        {cause::upstream_closed, true, true, false},
        {cause::upstream_reset, true, false, false},
        {cause::upstream_reset, false, false, true},
        {cause::upstream_closed, false, false, true},
    }));
    CAPTURE(word_of(why), written, acknowledged);
    CHECK(proves_unseen({.why = why, .written = written, .acknowledged = acknowledged}) == proof);
}

TEST_CASE("the first retry goes at once, those after it between 25 and 100 ms", "[unit][retry]") {
    for (std::uint32_t random = 0; random < 1000; ++random) {
        CHECK(upstream::back_off(0, random) == 0ms);
        auto const wait = upstream::back_off(1 + random % 3, random * 2'654'435'761U);
        CHECK(wait >= 25ms);
        CHECK(wait <= 100ms);
    }
    CHECK(upstream::back_off(1, 0) != upstream::back_off(1, 1));
}

TEST_CASE(
    "a budget allows a share of the active requests, and a few in any case", "[unit][retry]") {
    upstream::retry_budget budget{20, 3};
    auto const [active, most] = GENERATE(table<int, std::uint32_t>(
        {{0, 3}, {1, 3}, {15, 3}, {19, 3}, {20, 4}, {100, 20}, {1000, 200}}));
    for (int i = 0; i < active; ++i) budget.request_begun();
    CAPTURE(active);
    CHECK(budget.most() == most);
    for (std::uint32_t i = 0; i < most; ++i) CHECK(budget.take());
    CHECK_FALSE(budget.take());
    budget.give_back();
    CHECK(budget.take());
    for (int i = 0; i < active; ++i) budget.request_ended();
    CHECK(budget.active() == 0);
    CHECK_FALSE(budget.take());
}

TEST_CASE("a budget of nothing allows nothing", "[unit][retry]") {
    upstream::retry_budget budget{0, 0};
    budget.request_begun();
    CHECK_FALSE(budget.take());
}

TEST_CASE("a body is kept until it is too large, then never again", "[unit][retry]") {
    upstream::replay_ledger ledger{100};
    CHECK(ledger.keep(60));
    CHECK(ledger.keep(40));
    CHECK(ledger.whole());
    CHECK(ledger.kept() == 100);
    CHECK_FALSE(ledger.keep(1));
    CHECK_FALSE(ledger.whole());
    CHECK(ledger.kept() == 0);
    CHECK_FALSE(ledger.keep(0));

    upstream::replay_ledger none{0};
    CHECK(none.whole());
    CHECK_FALSE(none.keep(1));

    upstream::replay_ledger given_up{100};
    CHECK(given_up.keep(1));
    given_up.give_up();
    CHECK_FALSE(given_up.keep(1));
}

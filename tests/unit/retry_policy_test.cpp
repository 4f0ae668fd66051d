// SPDX-License-Identifier: Apache-2.0
#include "upstream/retry_policy.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using upstream::attempt_facts;
using upstream::may_retry;
using upstream::retry;

namespace {

attempt_facts failed(cause why) {
    attempt_facts facts;
    facts.why = why;
    facts.method = http::method::get;
    return facts;
}

}  // namespace

TEST_CASE("a connection that was never made lets any method go elsewhere, once", "[unit][retry]") {
    auto const why = GENERATE(
        cause::connect_refused, cause::connect_timeout, cause::connect_failed, cause::tls_expired,
        cause::tls_handshake_timeout);
    attempt_facts facts = failed(why);
    facts.method = http::method::post;
    CHECK(may_retry(facts) == retry::other_endpoint);
    facts.attempts = 2;
    CHECK(may_retry(facts) == retry::no);
}

TEST_CASE("a pooled connection that was dead is replaced", "[unit][retry]") {
    attempt_facts facts = failed(GENERATE(cause::upstream_closed, cause::upstream_reset));
    facts.reused_connection = true;
    facts.method = http::method::post;

    SECTION("for any method when nothing was acknowledged") {
        CHECK(may_retry(facts) == retry::fresh_connection);
    }
    SECTION("for an idempotent method even when the request was acknowledged") {
        facts.request_acknowledged = true;
        CHECK(may_retry(facts) == retry::no);
        facts.method = http::method::put;
        CHECK(may_retry(facts) == retry::fresh_connection);
    }
    SECTION("not when the connection was fresh: the upstream had its chance") {
        facts.reused_connection = false;
        CHECK(may_retry(facts) == retry::no);
    }
    SECTION("not when a response had begun") {
        facts.response_begun = true;
        CHECK(may_retry(facts) == retry::no);
    }
    SECTION("not when part of the body is gone") {
        facts.body_replayable = false;
        CHECK(may_retry(facts) == retry::no);
    }
    SECTION("not for ever") {
        facts.attempts = upstream::attempts_max;
        CHECK(may_retry(facts) == retry::no);
    }
}

TEST_CASE("what the client or the clock ended is not repeated", "[unit][retry]") {
    attempt_facts facts = failed(GENERATE(
        cause::response_head_timeout, cause::client_closed, cause::response_malformed,
        cause::name_unresolved, cause::body_too_large));
    facts.reused_connection = true;
    CHECK(may_retry(facts) == retry::no);
}

// SPDX-License-Identifier: Apache-2.0
// The rows of schema.cpp about `tests`.
#pragma once

#include "settings/schema_parts.hpp"
#include "settings/test_syntax.hpp"

#include <array>

namespace gateway::settings {

template <class Syntax, auto Member>
inline constexpr binding expected_scalar = scalar<Syntax, &request_test::expect, Member>;

inline constexpr auto test_rows = std::to_array<row>({
    {"tests[].request", scalar<request_text, &request_test::request>, unbounded, reload::live,
     "The method and the URL, as `GET http://shop.example/api/cart`; GET may be left out.",
     need::required},
    {"tests[].headers", map_of<any_field_name, field_value, &request_test::headers>, between(1, 64),
     reload::live, "Further fields of the request."},
    {"tests[].client", scalar<peer_address, &request_test::client>, unbounded, reload::live,
     "Where the connection comes from; a proxy in `forwarding.trusted_proxies` is believed."},
    {"tests[].expect", section, unbounded, reload::live,
     "What must become of it; what is not named may be anything.", need::required},
    {"tests[].expect.route", expected_scalar<label, &test_expectation::route>, unbounded,
     reload::live, "The name of the route it takes."},
    {"tests[].expect.upstream", expected_scalar<upstream_name, &test_expectation::upstream>,
     unbounded, reload::live, "The name of the upstream it goes to; of a split any of its parts."},
    {"tests[].expect.status", expected_scalar<count, &test_expectation::status>, between(100, 599),
     reload::live,
     "The status that the gateway answers by itself, such as 404 where no route fits."},
    {"tests[].expect.target", expected_scalar<url_target, &test_expectation::target>, unbounded,
     reload::live, "The path with its query, as it is sent upstream."},
    {"tests[].expect.sends",
     map_of<any_field_name, field_value, &request_test::expect, &test_expectation::sends>,
     between(1, 64), reload::live, "Fields of the request that is sent upstream."},
    {"tests[].expect.drops",
     list_of<any_field_name, &request_test::expect, &test_expectation::drops>, between(1, 64),
     reload::live, "Fields that the request sent upstream has not."},
    {"tests[].expect.answers",
     map_of<any_field_name, field_value, &request_test::expect, &test_expectation::answers>,
     between(1, 64), reload::live, "Fields that the route puts into the response."},
});

}  // namespace gateway::settings

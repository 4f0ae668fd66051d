// SPDX-License-Identifier: Apache-2.0
// What the settings of endpoints cannot mean together.
#include "settings/endpoint_syntax.hpp"
#include "settings/validate.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace gateway::settings {
namespace {

// Each key that was written in the section though the section's choice leaves it without effect.
void refuse_idle_keys(
    reader& in,
    node const& section,
    std::initializer_list<std::string_view> keys,
    std::string const& expected) {
    for (std::string_view const key : keys) {
        node const* const value = find(section, key);
        if (!value) continue;
        reader::step const here{in, key};
        in.refuse(*value, "a value without effect", expected);
    }
}

void check_balance(upstream const& one, node const& section, reader& in) {
    reader::step const here{in, "balance"};
    if (one.balance.method != balance_method::hash) {
        refuse_idle_keys(in, section, {"hash_on"}, "method: hash beside it");
    }
    if (one.balance.method != balance_method::sticky_cookie) {
        refuse_idle_keys(
            in, section, {"cookie", "cookie_max_age", "cookie_secure"},
            "method: sticky_cookie beside it");
    }
}

void check_health(upstream const& one, node const& section, reader& in) {
    reader::step const here{in, "health_check"};
    if (one.health_check.kind == probe_kind::tcp) {
        refuse_idle_keys(
            in, section, {"path", "method", "host", "headers", "expect_status", "expect_body"},
            "type: http beside it");
    }
    if (one.health_check.method == "HEAD") {
        refuse_idle_keys(in, section, {"expect_body"}, "a method whose answer has a body");
    }
}

void check_ejection(upstream const& one, node const& section, reader& in) {
    if (one.ejection.time <= one.ejection.time_max) return;
    std::string_view const key = find(section, "time") ? "time" : "time_max";
    node const* const value = find(section, key);
    if (!value) return;
    reader::step const here{in, "ejection"};
    reader::step const there{in, key};
    bool const first = key == "time";
    in.refuse(
        *value, '"' + duration::text(first ? one.ejection.time : one.ejection.time_max) + '"',
        first ? "at most ejection.time_max, which is " + duration::text(one.ejection.time_max)
              : "at least ejection.time, which is " + duration::text(one.ejection.time));
}

}  // namespace

void check_upstreams(snapshot const& all, reader& in) {
    for (std::size_t i = 0; i < in.found.upstreams.size(); ++i) {
        upstream const& one = all.upstreams[i];
        node const& item = *in.found.upstreams[i];
        reader::step const upstreams{in, "upstreams"};
        reader::step const here{in, one.name};
        if (node const* const section = find(item, "balance")) check_balance(one, *section, in);
        if (node const* const section = find(item, "health_check")) check_health(one, *section, in);
        if (node const* const section = find(item, "ejection")) check_ejection(one, *section, in);
    }
}

}  // namespace gateway::settings

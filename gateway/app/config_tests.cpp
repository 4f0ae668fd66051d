// SPDX-License-Identifier: Apache-2.0
#include "app/config_tests.hpp"

#include "app/key_search.hpp"
#include "app/route_preview.hpp"
#include "base/ascii.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::app {
namespace {

using settings::in_quotes;

// All values of that name joined, as RFC 9110 5.3 joins them.
std::optional<std::string> value_of(field_list const& fields, std::string_view name) {
    std::optional<std::string> all;
    for (auto const& [each, value] : fields) {
        if (!ascii::equal_ignoring_case(each, name)) continue;
        all = all ? *all + ", " + value : value;
    }
    return all;
}

class test_run {
public:
    test_run(settings::loaded const& of, std::size_t number, route_preview const& became)
        : of_(of), test_(of.value->tests[number]), became_(became) {
        key_ = "tests[" + std::to_string(number) + ']';
    }

    std::vector<settings::problem> failures() {
        status();
        route();
        upstream();
        sent();
        return std::move(failures_);
    }

private:
    void fail(
        std::string const& key, std::string found, std::string expected, std::string hint = {}) {
        std::string const whole = key_ + ".expect." + key;
        settings::key_place const at = place_of(of_.places, whole);
        if (hint.empty()) hint = "of " + test_.request;
        failures_.push_back(
            {.file = of_.file,
             .line = at.line,
             .column = at.column,
             .found = std::move(found),
             .expected = std::move(expected),
             .hint = std::move(hint),
             .key = whole});
    }

    settings::route const* taken() const {
        return became_.route ? &of_.value->routes[*became_.route] : nullptr;
    }

    // Why the request took the route it took, or none.
    std::string reason() const {
        std::string const request = test_.request + ": ";
        if (became_.route) {
            settings::route const& one = *taken();
            settings::key_place const at = place_of(of_.places, route_key(*became_.route));
            std::string const match = one.path.empty() ? "prefix " + in_quotes(one.prefix)
                                                       : "path " + in_quotes(one.path);
            return request + in_quotes(became_.normal_path) + " fits the " + match + " of line " +
                   std::to_string(at.line) + " best";
        }
        if (became_.why == cause::method_not_allowed) {
            return request + "the path's route takes " + became_.allow + " only";
        }
        return request + std::string{facts_of(became_.why).advice};
    }

    std::string own_answer() const {
        return "an answer of the gateway's own, " + std::to_string(became_.status) + " (" +
               std::string{word_of(became_.why)} + ')';
    }

    void status() {
        if (!test_.expect.status) return;
        std::string const wanted = std::to_string(*test_.expect.status);
        if (became_.why == cause::none) {
            fail("status", "a request that goes upstream", wanted, reason());
        } else if (became_.status != *test_.expect.status) {
            fail("status", own_answer(), wanted, reason());
        }
    }

    void route() {
        std::string const& wanted = test_.expect.route;
        if (wanted.empty() || (taken() != nullptr && taken()->name == wanted)) return;
        std::string const found = taken() != nullptr ? in_quotes(taken()->name) : own_answer();
        std::vector<std::string_view> names;
        for (auto const& each : of_.value->routes) names.push_back(each.name);
        if (std::find(names.begin(), names.end(), wanted) == names.end()) {
            std::string const all = names.size() <= 20 ? ": " + settings::listed(names) : "";
            fail(
                "route", in_quotes(wanted), "the name of a route of this file" + all,
                settings::did_you_mean(wanted, names));
            return;
        }
        fail("route", found, in_quotes(wanted), reason());
    }

    void upstream() {
        std::string const& wanted = test_.expect.upstream;
        if (wanted.empty()) return;
        if (taken() == nullptr || became_.why != cause::none) {
            fail("upstream", own_answer(), in_quotes(wanted), reason());
            return;
        }
        auto const& split = taken()->split;
        bool const part = std::any_of(
            split.begin(), split.end(), [&](auto const& each) { return each.first == wanted; });
        if (part || (split.empty() && taken()->upstream == wanted)) return;
        std::string found = in_quotes(taken()->upstream);
        if (!split.empty()) {
            found = "a split of";
            for (auto const& [name, weight] : split) found += ' ' + in_quotes(name);
        }
        fail("upstream", found, in_quotes(wanted), reason());
    }

    void sent() {
        settings::test_expectation const& wanted = test_.expect;
        bool const nothing = wanted.target.empty() && wanted.sends.empty() &&
                             wanted.drops.empty() && wanted.answers.empty();
        if (nothing) return;
        if (became_.why != cause::none) {
            std::string const first = !wanted.target.empty()  ? "target"
                                      : !wanted.sends.empty() ? "sends"
                                      : !wanted.drops.empty() ? "drops"
                                                              : "answers";
            fail(first, own_answer(), "a request that goes upstream", reason());
            return;
        }
        if (!wanted.target.empty() && wanted.target != became_.sent_target) {
            fail("target", in_quotes(became_.sent_target), in_quotes(wanted.target));
        }
        compare("sends", wanted.sends, became_.sent);
        compare("answers", wanted.answers, became_.answered);
        for (std::size_t i = 0; i < wanted.drops.size(); ++i) {
            if (!value_of(became_.sent, wanted.drops[i])) continue;
            fail(
                "drops[" + std::to_string(i) + ']', "the field " + wanted.drops[i] + ", sent",
                "no such field");
        }
    }

    // Values of header edits are secret: what is sent is not shown, only what was expected.
    void compare(std::string const& key, field_list const& wanted, field_list const& found) {
        for (auto const& [name, value] : wanted) {
            std::optional<std::string> const is = value_of(found, name);
            if (is == value) continue;
            std::string const of_route = key + '.' + name;
            if (!is) {
                fail(of_route, "no such field", in_quotes(value));
            } else {
                bool const shown = key == "answers" || !is_edited(name);
                fail(
                    of_route, shown ? in_quotes(*is) : "another value, which is not shown here",
                    in_quotes(value));
            }
        }
    }

    bool is_edited(std::string_view name) const {
        settings::header_edits const& edits = taken()->request_headers;
        return value_of(edits.set, name) || value_of(edits.add, name);
    }

    settings::loaded const& of_;
    settings::request_test const& test_;
    route_preview const& became_;
    std::string key_;
    std::vector<settings::problem> failures_;
};

}  // namespace

std::vector<settings::problem> failed_tests(settings::loaded const& of) {
    std::vector<settings::problem> all;
    if (of.value->tests.empty()) return all;
    previewer const by{*of.value};
    for (std::size_t i = 0; i < of.value->tests.size(); ++i) {
        settings::request_test const& test = of.value->tests[i];
        route_preview const became = by.preview({test.request, test.headers, test.client});
        for (auto& each : test_run{of, i, became}.failures()) all.push_back(std::move(each));
    }
    return all;
}

}  // namespace gateway::app

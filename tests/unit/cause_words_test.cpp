// SPDX-License-Identifier: Apache-2.0
// One word for each cause, and the same one wherever a cause is told: the reply's body and its
// Proxy-Status, the access log in its forms, the metrics, and the errors that /status shows.
#include "admin/metrics_page.hpp"
#include "admin/recent_errors.hpp"
#include "base/error.hpp"
#include "http/error_reply.hpp"
#include "observe/access_format.hpp"
#include "observe/log_lane.hpp"
#include "support/metrics_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>

using namespace gateway;
using settings::access_log_mode;
using support::metrics_text;

namespace {

observe::exchange_record ended_with(cause why) {
    observe::exchange_record record;
    record.why = why;
    record.status = status_of(why);
    record.route_index = 0;
    return record;
}

std::string line_of(access_log_mode mode, cause why) {
    settings::logging wanted;
    wanted.access = mode;
    observe::access_format format{wanted};
    std::string out(observe::line_bytes_max, '\0');
    out.resize(static_cast<std::size_t>(format.write(ended_with(why), 1, out.data()) - out.data()));
    return out;
}

bool holds(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every cause has a word of its own, in small letters", "[unit][causes]") {
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < cause_count; ++i) {
        auto const word = word_of(static_cast<cause>(i));
        CAPTURE(i, word);
        CHECK(words.insert(word).second);
        CHECK_FALSE(word.empty());
        CHECK(std::all_of(
            word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    }
}

TEST_CASE("a cause is told in the same word everywhere", "[unit][causes]") {
    for (std::size_t i = 1; i < cause_count; ++i) {
        auto const why = static_cast<cause>(i);
        std::string const word{word_of(why)};
        CAPTURE(word);

        std::string json;
        std::string html;
        http::append_error_reply(json, {.why = why});
        http::append_error_reply(html, {.why = why, .accept = "text/html"});
        CHECK(holds(json, "\"cause\":\"" + word + "\""));
        CHECK(holds(html, "<small>" + word + "</small>"));
        for (std::string const& reply : {json, html}) {
            CHECK(holds(reply, "; details=\"" + word + "\""));
        }

        CHECK(holds(line_of(access_log_mode::json, why), "\"cause\":\"" + word + "\""));
        CHECK(holds(line_of(access_log_mode::logfmt, why), " cause=" + word));

        observe::traffic_counters counters{1, 1};
        counters.exchange_settled(ended_with(why));
        counters.connection_refused(why);
        counters.attempt_failed(0, why);
        metrics_text const page{
            admin::metrics_page{{&counters}, {{"/"}, {"app"}}, nullptr, "1"}.text()};
        for (std::string const name :
             {"gateway_errors_total", "gateway_connections_refused_total",
              "gateway_upstream_failures_total"}) {
            CAPTURE(name);
            CHECK(page.sum(name, {{"cause", word}}) == 1);
            CHECK(page.sum(name) == 1);
        }

        observe::error_ring ring;
        ring.note(ended_with(why));
        admin::recent_errors errors{1};
        errors.add(0, ring.newer_than(0));
        admin::json_text shown;
        errors.write(shown, 1);
        CHECK(holds(shown.take(), "\"cause\":\"" + word + "\""));
    }
}

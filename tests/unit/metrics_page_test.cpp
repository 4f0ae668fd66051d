// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics_page.hpp"

#include "admin/process_figures.hpp"
#include "observe/access_log.hpp"
#include "support/captured_stderr.hpp"
#include "support/metrics_text.hpp"
#include "support/stream.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <set>
#include <sstream>
#include <string>

using namespace gateway;
using admin::metrics_page;
using observe::exchange_record;
using observe::method_label;
using observe::traffic_counters;
using support::metrics_text;

namespace {

exchange_record settled(std::uint16_t route, std::uint16_t status, milliseconds duration) {
    exchange_record record;
    record.route_index = route;
    record.method_index = method_label::get;
    record.status = status;
    record.duration = duration;
    return record;
}

observe::traffic_names names() { return {{"/", "/api/"}, {"frontend", "backend"}}; }

}  // namespace

TEST_CASE("a scrape adds the cores up", "[unit][metrics_page]") {
    traffic_counters one{2, 2};
    traffic_counters other{2, 2};
    for (auto* core : {&one, &other}) {
        core->connection_accepted();
        core->connection_accepted();
        core->connection_closed();
        core->exchange_begun();
        core->exchange_begun();
        core->attempt_begun(1);
        core->upstream_connected(1);
        core->attempt_failed(1, cause::connect_timeout);
    }
    one.exchange_settled(settled(1, 200, 3ms));
    other.exchange_settled(settled(1, 200, 40ms));
    other.exchange_settled(settled(0, 404, 1ms));
    other.exchange_settled(settled(observe::no_route_index, 404, 1ms));
    other.connection_became_idle();
    other.connection_refused(cause::too_many_connections);
    metrics_text const page{metrics_page{{&one, &other}, names(), nullptr, "1.2.3"}.text()};

    metrics_text::labels const api{{"method", "GET"}, {"route", "/api/"}, {"status_code", "200"}};
    CHECK(page.sum("http_requests_total", api) == 2);
    CHECK(page.sum("http_requests_total") == 4);
    CHECK(page.sum("http_requests_total", {{"route", "unmatched"}, {"status_code", "404"}}) == 1);
    CHECK(page.sum("http_request_duration_seconds_count", api) == 2);
    CHECK(page.sum("http_request_duration_seconds_sum", api) == Approx(0.043));
    CHECK(page.sum("gateway_connections_accepted_total") == 4);
    CHECK(page.sum("gateway_connections_active") == 2);
    CHECK(page.sum("gateway_connections_idle") == 1);
    CHECK(page.sum("gateway_upstream_attempts_total", {{"upstream", "backend"}}) == 2);
    CHECK(page.sum("gateway_upstream_attempts_total", {{"upstream", "frontend"}}) == 0);
    CHECK(page.sum("gateway_upstream_connections_created_total") == 2);
    CHECK(
        page.sum(
            "gateway_upstream_failures_total",
            {{"upstream", "backend"}, {"cause", "connect_timeout"}}) == 2);
    CHECK(page.sum("gateway_connections_refused_total", {{"cause", "too_many_connections"}}) == 1);
    CHECK(page.sum("gateway_build_info", {{"version", "1.2.3"}}) == 1);
    CHECK(page.sum("gateway_access_log_lines_dropped_total") == 0);
    CHECK(page.has("gateway_access_log_lines_dropped_total"));
}

TEST_CASE("the duration histogram is cumulative and ends with all", "[unit][metrics_page]") {
    traffic_counters core{2, 2};
    for (auto const duration : {1ms, 5ms, 6ms, 300ms, 61'000ms}) {
        core.exchange_settled(settled(1, 200, duration));
    }
    metrics_text const page{metrics_page{{&core}, names(), nullptr, "1"}.text()};
    auto const up_to = [&](std::string const& bound) {
        return page.sum("http_request_duration_seconds_bucket", {{"le", bound}});
    };
    CHECK(up_to("0.005") == 2);
    CHECK(up_to("0.01") == 3);
    CHECK(up_to("0.25") == 3);
    CHECK(up_to("0.5") == 4);
    CHECK(up_to("60") == 4);
    CHECK(up_to("+Inf") == 5);
    CHECK(page.sum("http_request_duration_seconds_count") == 5);
}

TEST_CASE("the series of the nginx exporter tell the same story", "[unit][metrics_page]") {
    traffic_counters core{2, 2};
    for (int i = 0; i < 6; ++i) core.connection_accepted();
    core.connection_closed();
    core.connection_refused(cause::too_many_connections);
    core.connection_became_idle();
    core.connection_became_idle();
    core.exchange_begun();
    core.exchange_settled(settled(0, 200, 1ms));
    core.exchange_begun();
    metrics_text const page{metrics_page{{&core}, names(), nullptr, "1"}.text()};
    CHECK(page.sum("nginx_up") == 1);
    CHECK(page.sum("nginx_connections_accepted") == 7);
    CHECK(page.sum("nginx_connections_handled") == 6);
    CHECK(page.sum("nginx_connections_active") == 5);
    CHECK(page.sum("nginx_connections_waiting") == 2);
    CHECK(page.sum("nginx_connections_writing") == 1);
    CHECK(page.sum("nginx_connections_reading") == 2);
    CHECK(page.sum("nginx_http_requests_total") == 2);
}

TEST_CASE("each sample on the page follows its HELP and TYPE", "[unit][metrics_page]") {
    traffic_counters core{2, 2};
    auto failed = settled(0, 502, 1ms);
    failed.why = cause::upstream_closed;
    core.exchange_settled(failed);
    auto page_names = names();
    page_names.routes[0] = "a \"route\"\\with\nall";
    auto const text = metrics_page{{&core}, page_names, nullptr, "1"}.text();
    CHECK(text.find(R"(route="a \"route\"\\with\nall")") != text.npos);
    CHECK(text.back() == '\n');

    std::set<std::string> described;
    std::set<std::string> typed;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string first;
        std::string second;
        std::string third;
        words >> first >> second >> third;
        CAPTURE(line);
        if (first == "#") {
            CHECK((second == "HELP" || second == "TYPE"));
            CHECK((second == "HELP" ? described : typed).insert(third).second);
            continue;
        }
        auto name = line.substr(0, line.find_first_of("{ "));
        for (std::string const suffix : {"_bucket", "_sum", "_count"}) {
            if (name == "http_request_duration_seconds" + suffix) {
                name.resize(name.size() - suffix.size());
            }
        }
        CHECK(described.count(name) == 1);
        CHECK(typed.count(name) == 1);
    }
    CHECK(described == typed);
}

TEST_CASE("lost access-log lines stand on the page", "[unit][metrics_page]") {
    support::captured_stderr const log;
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    support::descriptor const writing{ends[1]};
    support::descriptor{ends[0]}.close();
    observe::access_log_writer writer{writing.number()};
    {
        observe::access_log_buffer buffer{writer, {}};
        for (int i = 0; i < 3; ++i) buffer.append(settled(0, 200, 1ms));
    }
    writer.stop();
    metrics_text const page{metrics_page{{}, names(), &writer, "1"}.text()};
    CHECK(page.sum("gateway_access_log_lines_dropped_total") == 3);
}

TEST_CASE("the process's figures are those of this process", "[unit][metrics_page]") {
    auto const before = admin::read_process_figures();
    CHECK(before.cpu_seconds > 0);
    CHECK(before.threads >= 1);
    CHECK(before.resident_memory_bytes > 1_MiB);
    CHECK(before.max_fds >= before.open_fds);
    auto const now = static_cast<double>(time(nullptr));
    CHECK(before.start_time_seconds <= now + 1);
    CHECK(before.start_time_seconds > now - 3'600);

    support::descriptor const one_more{dup(STDIN_FILENO)};
    REQUIRE(one_more);
    CHECK(admin::read_process_figures().open_fds == before.open_fds + 1);
    metrics_text const page{metrics_page{{}, names(), nullptr, "1"}.text()};
    for (auto const* name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
          "process_max_fds", "process_start_time_seconds", "process_threads"}) {
        CAPTURE(name);
        CHECK(page.sum(name) > 0);
    }
}

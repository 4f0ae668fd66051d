// SPDX-License-Identifier: Apache-2.0
#include "admin/state_page.hpp"

#include "observe/log.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace gateway::admin {
namespace {

// Of one upstream; more of them would be a page nobody reads.
constexpr std::size_t endpoints_shown = 500;

// One word for what an endpoint is, the operator's first.
std::string_view state_word(proxy::endpoint_figures const& one) {
    if (!one.listed) return "gone";
    if (one.word == proxy::operator_word::disable) return "disabled";
    if (one.word == proxy::operator_word::drain) return "drained";
    if (one.ejected) return "ejected";
    if (one.available) return "available";
    if (one.healthy) return "absent";  // its name has it no longer
    return one.became_unhealthy != 0 ? "unhealthy" : "untested";
}

void write_endpoint(json_text& to, proxy::endpoint_figures const& one) {
    to.begin_object();
    to.member("address", one.endpoint);
    to.member("state", state_word(one));
    if (!one.why.empty()) to.member("why", one.why);
    if (one.ejected_for.count() > 0) to.member("ejected_for_ms", one.ejected_for.count());
    to.member("in_flight", one.in_flight);
    to.member("connections", one.connections);
    to.member("requests", one.requests);
    to.member("failures", one.failures);
    to.member("ejections", one.ejections[0] + one.ejections[1]);
    to.member("became_unhealthy", one.became_unhealthy);
    if (one.limit != 0) to.member("limit", one.limit);
    to.end_object();
}

void write_name(json_text& to, net::name_figures const& one) {
    to.begin_object();
    to.member("name", one.name);
    to.member("present", one.present);
    to.member("absent", one.absent);
    std::uint64_t failed = 0;
    for (std::size_t i = 1; i < one.look_ups.size(); ++i) failed += one.look_ups[i];
    to.member("found", one.look_ups.front());
    to.member("failed", failed);
    if (one.answer_age) to.member("answer_age_ms", one.answer_age->count());
    to.end_object();
}

}  // namespace

std::string_view log_level_word() {
    using enum settings::log_level;
    for (auto const level : {trace, debug, info, warn}) {
        if (!observe::log_enabled(level)) continue;
        return level == trace   ? "trace"
               : level == debug ? "debug"
               : level == info  ? "info"
                                : "warn";
    }
    return "error";
}

std::int64_t epoch_ms(wall_time at) {
    return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

wall_time wall_now() { return std::chrono::system_clock::now(); }

void state_page::write_process(json_text& to) const {
    auto const now = wall_now();
    to.member("version", from_.version);
    to.member("now_ms", epoch_ms(now));
    to.member("started_at_ms", epoch_ms(from_.started_at));
    to.member("uptime_s", std::chrono::duration<double>(now - from_.started_at).count());
    readiness const ready = from_.ready();
    to.member("ready", ready.ok);
    to.member("readiness", ready.detail);
    to.member("changes", word_of(from_.changes));
    to.member("log_level", log_level_word());
    config_state const config = from_.config();
    to.object("config");
    to.member("source", config.source);
    to.member("generation", config.generation);
    to.member("loaded_at_ms", epoch_ms(config.loaded_at));
    if (!config.last_failure.empty()) to.member("last_failure", config.last_failure);
    to.member("candidate", config.candidate);
    to.end_object();
    if (from_.process != nullptr) {
        auto const memory = from_.process->memory_now();
        to.object("memory");
        to.member("used", memory.used);
        to.member("limit", memory.limit);
        to.member("pressure", static_cast<unsigned>(memory.level));
        to.end_object();
    }
    to.array("certificates");
    for (certificate_state const& each : from_.certificates()) {
        to.begin_object();
        to.member("used_for", each.used_for);
        to.member("file", each.file);
        if (each.expires_at) to.member("valid_until_ms", *each.expires_at * 1000);
        to.end_object();
    }
    to.end_array();
}

void state_page::write_requests(json_text& to) const {
    using observe::traffic_counters;
    auto const sum = [&](auto read) {
        std::uint64_t total = 0;
        for (auto const* core : from_.cores) {
            total += static_cast<std::uint64_t>(std::invoke(read, *core));
        }
        return total;
    };
    to.object("connections");
    to.member("active", sum(&traffic_counters::connections_active));
    to.member("idle", sum(&traffic_counters::connections_idle));
    to.member("accepted", sum(&traffic_counters::connections_accepted));
    to.member("limit", from_.wanted().limits.connections);
    to.end_object();
    to.object("requests");
    to.member("ended", sum(&traffic_counters::exchanges_settled));
    to.member("in_flight", sum(&traffic_counters::exchanges_in_flight));
    to.member("tunnels", sum(&traffic_counters::tunnels_open));
    std::int64_t queued = 0;
    for (auto const* core : from_.cores) {
        for (std::size_t i = 0; i < core->upstream_count(); ++i) {
            queued += core->upstream(i).parked.value();
        }
    }
    to.member("queued", queued);
    to.member("bytes_received", sum(&traffic_counters::bytes_received));
    to.member("bytes_sent", sum(&traffic_counters::bytes_sent));
    to.end_object();
    auto const silent = from_.silent();
    to.array("cores");
    for (std::size_t i = 0; i < from_.cores.size(); ++i) {
        to.begin_object();
        to.member("silent_ms", i < silent.size() ? silent[i].count() : 0);
        to.member("connections", from_.cores[i]->connections_active());
        to.member("in_flight", from_.cores[i]->exchanges_in_flight());
        to.end_object();
    }
    to.end_array();
}

void state_page::write_upstreams(json_text& to) const {
    auto const endpoints = from_.endpoints();
    auto const names = from_.names();
    to.array("upstreams");
    for (settings::upstream const& each : from_.wanted().upstreams) {
        to.begin_object();
        to.member("name", each.name);
        to.member("health_check", each.health_check.enabled);
        to.array("endpoints");
        std::size_t shown = 0;
        std::size_t all = 0;
        for (auto const& one : endpoints) {
            if (one.upstream != each.name) continue;
            ++all;
            if (shown == endpoints_shown) continue;
            ++shown;
            write_endpoint(to, one);
        }
        to.end_array();
        if (all != shown) to.member("endpoints_not_shown", all - shown);
        to.array("names");
        for (auto const& one : names) {
            if (one.upstream == each.name) write_name(to, one);
        }
        to.end_array();
        to.end_object();
    }
    to.end_array();
}

void state_page::write_routes(json_text& to) const {
    auto const closed = from_.closed_routes();
    to.array("routes");
    for (settings::route const& each : from_.wanted().routes) {
        auto const found = std::find_if(
            closed.begin(), closed.end(), [&](auto const& one) { return one.name == each.name; });
        to.begin_object();
        to.member("name", each.name);
        if (!each.upstream.empty()) to.member("upstream", each.upstream);
        to.member("maintenance", found != closed.end());
        if (found != closed.end()) to.member("retry_after", found->retry_after);
        to.end_object();
    }
    to.end_array();
}

void state_page::write(json_text& to) const {
    write_process(to);
    write_requests(to);
    write_upstreams(to);
    write_routes(to);
}

std::string inflight_text(
    std::vector<proxy::inflight_found> const& by_core, proxy::inflight_query const& query) {
    std::vector<proxy::inflight_row const*> rows;
    std::size_t requests = 0;
    std::size_t matching = 0;
    for (auto const& found : by_core) {
        requests += found.requests;
        matching += found.matching;
        for (auto const& row : found.rows) rows.push_back(&row);
    }
    std::sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->age > b->age; });
    if (rows.size() > query.rows_max) rows.resize(query.rows_max);
    json_text to;
    to.begin_object();
    to.member("in_flight", requests);
    to.member("older", settings::duration::text(query.older));
    to.member("matching", matching);
    to.array("requests");
    for (auto const* row : rows) {
        to.begin_object();
        to.member("phase", row->phase);
        to.member("age_ms", std::chrono::duration<double, std::milli>(row->age).count());
        to.member("method", row->method);
        to.member("host", row->host);
        to.member("path", row->path);
        to.member("route", row->route);
        to.member("upstream", row->upstream);
        to.member("endpoint", row->endpoint);
        to.member("attempts", row->attempts);
        to.member("bytes_in", row->bytes_in);
        to.member("bytes_out", row->bytes_out);
        to.member("client", row->client);
        to.member("request_id", row->request_id);
        to.member("core", row->core);
        to.end_object();
    }
    to.end_array();
    to.end_object();
    return to.take() + '\n';
}

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
#include "admin/cloudwatch.hpp"

#include "admin/metrics_builder.hpp"
#include "observe/json_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace gateway::admin {
namespace {

constexpr std::size_t dimension_bytes_max = 256;

std::string_view label_of(prometheus::ClientMetric const& metric, std::string_view name) {
    for (auto const& each : metric.label) {
        if (each.name == name) return each.value;
    }
    return {};
}

using filter = bool (*)(prometheus::ClientMetric const&);

bool any(prometheus::ClientMetric const&) { return true; }
bool is_client_error(prometheus::ClientMetric const& metric) {
    return label_of(metric, "status_code").starts_with('4');
}
bool is_server_error(prometheus::ClientMetric const& metric) {
    return label_of(metric, "status_code").starts_with('5');
}
// A tunnel lasts for as long as its ends like.
bool is_no_tunnel(prometheus::ClientMetric const& metric) {
    return label_of(metric, "status_code") != "101";
}

void append_number(std::string& to, double value) {
    std::array<char, 32> text;
    // Six digits say more than a histogram knows.
    bool const whole = value == static_cast<double>(static_cast<std::int64_t>(value));
    auto const end =
        whole ? std::to_chars(
                    text.data(), text.data() + text.size(), static_cast<std::int64_t>(value))
              : std::to_chars(
                    text.data(), text.data() + text.size(), value, std::chars_format::general, 6);
    to.append(text.data(), end.ptr);
}

void append_text(std::string& to, std::string_view text) {
    std::array<char, 6 * dimension_bytes_max> escaped;
    bool truncated = false;
    auto const* const end = observe::append_escaped(
        escaped.data(), escaped.data() + escaped.size(), text.substr(0, dimension_bytes_max),
        truncated);
    to += '"';
    to.append(escaped.data(), static_cast<std::size_t>(end - escaped.data()));
    to += '"';
}

// CloudWatch takes printable ASCII, and no value that begins with a colon.
std::string dimension_value(std::string_view text) {
    std::string out{text.substr(0, dimension_bytes_max)};
    for (char& c : out) {
        bool const printable = c >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
        if (!printable) c = '?';
    }
    if (out.empty() || out.front() == ':') out.insert(out.begin(), '_');
    return out;
}

}  // namespace

struct cloudwatch::rule {
    enum class sort : std::uint8_t { delta, level, durations };
    char const* family;
    char const* name;
    char const* unit;
    sort what;
    char const* label;      // one line for each of its values; empty: the process's line
    char const* dimension;  // what CloudWatch calls it
    filter counts = &any;
};

struct cloudwatch::group {
    struct metric {
        char const* name;
        char const* unit;
        std::vector<double> values;
    };
    std::vector<metric> metrics;
};

std::vector<cloudwatch::rule> const& cloudwatch::rules() {
    using enum rule::sort;
    static constexpr auto requests = "http_requests_total";
    static constexpr auto took = "http_request_duration_seconds";
    // Those of one label stand together.
    static std::vector<rule> const all{
        {requests, "Requests", "Count", delta, "", ""},
        {requests, "ClientErrors", "Count", delta, "", "", &is_client_error},
        {requests, "ServerErrors", "Count", delta, "", "", &is_server_error},
        {took, "RequestDuration", "Seconds", durations, "", "", &is_no_tunnel},
        {"gateway_requests_in_flight", "RequestsInFlight", "Count", level, "", ""},
        {"gateway_connections_active", "Connections", "Count", level, "", ""},
        {"gateway_connections_refused_total", "ConnectionsRefused", "Count", delta, "", ""},
        {"gateway_tunnels_open", "Tunnels", "Count", level, "", ""},
        {"gateway_bytes_received_total", "BytesReceived", "Bytes", delta, "", ""},
        {"gateway_bytes_sent_total", "BytesSent", "Bytes", delta, "", ""},
        {"gateway_memory_used_bytes", "MemoryUsed", "Bytes", level, "", ""},
        {"gateway_access_log_lines_dropped_total", "LogLinesDropped", "Count", delta, "", ""},
        {"gateway_config_last_reload_successful", "LastReloadSuccessful", "None", level, "", ""},
        {"process_cpu_seconds_total", "CpuTime", "Seconds", delta, "", ""},
        {"process_open_fds", "OpenDescriptors", "Count", level, "", ""},

        {requests, "Requests", "Count", delta, "route", "Route"},
        {requests, "ClientErrors", "Count", delta, "route", "Route", &is_client_error},
        {requests, "ServerErrors", "Count", delta, "route", "Route", &is_server_error},
        {took, "RequestDuration", "Seconds", durations, "route", "Route", &is_no_tunnel},

        {"gateway_upstream_attempts_total", "Attempts", "Count", delta, "upstream", "Upstream"},
        {"gateway_upstream_failures_total", "Failures", "Count", delta, "upstream", "Upstream"},
        {"gateway_upstream_retries_total", "Retries", "Count", delta, "upstream", "Upstream"},
        {"gateway_upstream_time_to_first_byte_seconds", "TimeToFirstByte", "Seconds", durations,
         "upstream", "Upstream"},
        {"gateway_upstream_parked_requests", "RequestsQueued", "Count", level, "upstream",
         "Upstream"},
        {"gateway_endpoint_listed", "EndpointsListed", "Count", level, "upstream", "Upstream"},
        {"gateway_endpoint_available", "EndpointsAvailable", "Count", level, "upstream",
         "Upstream"},

        {"gateway_errors_total", "GatewayErrors", "Count", delta, "cause", "Cause"},
    };
    return all;
}

cloudwatch::cloudwatch(std::string name_space, observe::task_identity who)
    : namespace_(std::move(name_space)), who_(std::move(who)) {}

double cloudwatch::since_last(std::string const& key, double total) {
    double& before = totals_[key];
    // What vanished endpoints had counted is gone from the sum.
    double const grown = std::max(total - before, 0.0);
    before = total;
    return grown;
}

// At most a hundred durations that are distributed as all of them were: the percentiles of several
// tasks together come out right, which those of percentiles would not.
std::vector<double> cloudwatch::durations_since_last(
    std::string const& key,
    std::vector<std::uint64_t> const& cumulative,
    std::vector<double> const& bounds) {
    auto& before = buckets_[key];
    before.resize(cumulative.size());
    std::vector<double> grown;  // cumulative as well
    for (std::size_t i = 0; i < cumulative.size(); ++i) {
        grown.push_back(static_cast<double>(cumulative[i] - std::min(before[i], cumulative[i])));
        before[i] = cumulative[i];
    }
    double const count = grown.empty() ? 0 : grown.back();
    std::vector<double> values;
    auto const wanted = std::min(static_cast<std::size_t>(count), values_max);
    for (std::size_t n = 0; n < wanted; ++n) {
        double const rank = (static_cast<double>(n) + 0.5) / static_cast<double>(wanted) * count;
        std::size_t bucket = 0;
        while (bucket < bounds.size() && grown[bucket] < rank) ++bucket;
        if (bucket == bounds.size()) {
            values.push_back(bounds.back());  // more is not known
            continue;
        }
        double const low = bucket == 0 ? 0 : bounds[bucket - 1];
        double const below = bucket == 0 ? 0 : grown[bucket - 1];
        double const within = (rank - below) / std::max(grown[bucket] - below, 1.0);
        values.push_back(low + (bounds[bucket] - low) * std::clamp(within, 0.0, 1.0));
    }
    return values;
}

void cloudwatch::collect(
    rule const& one, page const& from, std::map<std::string, group>& by_value) {
    auto const found = std::find_if(
        from.families().begin(), from.families().end(),
        [&](metric_family const& each) { return each.name == one.family; });
    if (found == from.families().end()) return;
    struct sums {
        double value = 0;
        std::vector<std::uint64_t> cumulative;
        std::vector<double> bounds;
    };
    std::map<std::string, sums> all;
    for (auto const& metric : found->metric) {
        std::string const value{label_of(metric, one.label)};
        auto& to = all[value];
        if (!one.counts(metric)) continue;
        bool const counter = found->type == prometheus::MetricType::Counter;
        to.value += counter ? metric.counter.value : metric.gauge.value;
        auto const& buckets = metric.histogram.bucket;
        if (found->type != prometheus::MetricType::Histogram) continue;
        to.cumulative.resize(buckets.size() + 1);
        to.bounds.resize(buckets.size());
        for (std::size_t i = 0; i < buckets.size(); ++i) {
            to.cumulative[i] += buckets[i].cumulative_count;
            to.bounds[i] = buckets[i].upper_bound;
        }
        to.cumulative.back() += metric.histogram.sample_count;
    }
    for (auto const& [value, sum] : all) {
        auto const key = std::string{one.dimension} + '\0' + one.name + '\0' + value;
        std::vector<double> values;
        switch (one.what) {
            case rule::sort::level: values.push_back(sum.value); break;
            case rule::sort::delta: values.push_back(since_last(key, sum.value)); break;
            case rule::sort::durations:
                values = durations_since_last(key, sum.cumulative, sum.bounds);
                break;
        }
        if (values.empty()) continue;
        by_value[value].metrics.push_back({one.name, one.unit, std::move(values)});
    }
}

std::string cloudwatch::line_of(
    char const* dimension,
    std::string const& value,
    group const& what,
    std::chrono::system_clock::time_point now) const {
    using std::chrono::duration_cast;
    std::vector<std::pair<char const*, std::string>> dimensions;
    if (!who_.cluster.empty()) dimensions.emplace_back("Cluster", who_.cluster);
    dimensions.emplace_back("Service", who_.service.empty() ? "gateway" : who_.service);
    if (*dimension != '\0') dimensions.emplace_back(dimension, value);

    std::string line = "{\"_aws\":{\"Timestamp\":";
    line += std::to_string(duration_cast<milliseconds>(now.time_since_epoch()).count());
    line += ",\"CloudWatchMetrics\":[{\"Namespace\":";
    append_text(line, namespace_);
    line += ",\"Dimensions\":[[";
    for (auto const& [name, text] : dimensions) {
        append_text(line, name);
        line += ',';
    }
    line.back() = ']';
    line += "],\"Metrics\":[";
    for (auto const& each : what.metrics) {
        line.append("{\"Name\":\"").append(each.name).append("\",\"Unit\":\"");
        line.append(each.unit).append("\"},");
    }
    line.back() = ']';
    line += "}]}";
    for (auto const& [name, text] : dimensions) {
        line.append(",\"").append(name).append("\":");
        append_text(line, dimension_value(text));
    }
    for (auto const& [name, text] : {std::pair{"Task", &who_.task}, {"Zone", &who_.zone}}) {
        if (text->empty()) continue;
        line.append(",\"").append(name).append("\":");
        append_text(line, *text);
    }
    for (auto const& each : what.metrics) {
        line.append(",\"").append(each.name).append(each.values.size() == 1 ? "\":" : "\":[");
        for (double const one : each.values) {
            append_number(line, one);
            line += ',';
        }
        if (each.values.size() == 1) {
            line.pop_back();
        } else {
            line.back() = ']';
        }
    }
    return line += "}\n";
}

std::vector<std::string> cloudwatch::lines(
    page const& from, std::chrono::system_clock::time_point now) {
    std::vector<std::string> all;
    auto const& every = rules();
    for (auto one = every.begin(); one != every.end();) {
        std::map<std::string, group> by_value;
        char const* const dimension = one->dimension;
        for (; one != every.end() && std::string_view{one->dimension} == dimension; ++one) {
            collect(*one, from, by_value);
        }
        for (auto const& [value, what] : by_value) {
            all.push_back(line_of(dimension, value, what, now));
        }
    }
    return all;
}

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
#include "observe/access_format.hpp"

#include "observe/json_line.hpp"
#include "observe/log_lane.hpp"
#include "observe/text_line.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gateway::observe {
namespace {

using settings::access_log_mode;
using settings::log_field;
using enum settings::log_field;

// What a value may take in the line, escapes included. A longer one is cut and the line marked.
struct caps {
    static constexpr std::size_t long_text = redaction::shown_bytes_max;  // target, agent, referer
    static constexpr std::size_t host = 256;       // a DNS name has at most 253
    static constexpr std::size_t name = 256;       // of a route
    static constexpr std::size_t plain_name = 64;  // of an upstream or an endpoint
    static constexpr std::size_t hex_id = 32;
    static constexpr std::size_t request_id = 128;
    static constexpr std::size_t address = 64;
    static constexpr std::size_t identity = 128;  // cluster, service, task, zone
    static constexpr std::size_t word = 32;       // method, protocol, retry, cause
};
constexpr std::size_t keys_and_numbers = 900;
static_assert(
    3 * caps::long_text + caps::host + caps::name + 2 * caps::plain_name + caps::request_id +
        caps::address + 4 * caps::identity + 4 * caps::word + 2 * caps::hex_id + keys_and_numbers <=
    line_bytes_max);

constexpr std::uint32_t bit(log_field one) {
    return std::uint32_t{1} << static_cast<unsigned>(one);
}

std::uint32_t bits_of(std::vector<log_field> const& wanted) {
    std::uint32_t bits = 0;
    for (log_field const one : wanted) bits |= bit(one);
    return bits;
}

// Load balancers and orchestrators that ask for nothing but life. They are known by a name that
// anybody can give, but not who comes through a load balancer, which says for whom it asks.
bool is_probe(exchange_record const& record) noexcept {
    using namespace std::literals;
    std::string_view const user_agent = record.user_agent;
    if (user_agent.empty() || record.forwarded) return false;
    if (record.method_index != method_label::get && record.method_index != method_label::head) {
        return false;
    }
    for (std::string_view const agent :
         {"ELB-HealthChecker/"sv, "kube-probe/"sv, "GoogleHC/"sv,
          "Amazon-Route53-Health-Check-Service"sv}) {
        if (agent[0] == user_agent[0] && user_agent.starts_with(agent)) return true;
    }
    return false;
}

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

access_format::access_format(settings::logging const& wanted, task_identity who)
    : mode_(wanted.access),
      fields_(bits_of(wanted.access_fields)),
      sample_(std::max<std::uint32_t>(wanted.access_sample, 1)),
      slow_(wanted.access_slow),
      probes_(wanted.access_probes),
      secrets_(wanted.redacted_parameters),
      who_(std::move(who)) {}

std::uint32_t access_format::weight_of(exchange_record const& record) noexcept {
    bool const remarkable = record.status >= 400 || record.attempts > 1 ||
                            record.why != cause::none || record.duration >= slow_;
    if (!probes_ && !remarkable && is_probe(record)) return line_of_a_probe;
    if (sample_ == 1 || remarkable) return 1;
    if (++passed_over_ < sample_) return line_thinned_out;
    passed_over_ = 0;
    return sample_;
}

char* access_format::write(
    exchange_record const& record, std::uint32_t weight, char* out) noexcept {
    switch (mode_) {
        case access_log_mode::logfmt: return write_fields<logfmt_line>(record, weight, out);
        case access_log_mode::combined: return write_combined(record, out);
        default: return write_fields<json_fields>(record, weight, out);
    }
}

template <class Line>
char* access_format::write_fields(
    exchange_record const& record, std::uint32_t weight, char* out) noexcept {
    Line line{out};
    std::uint32_t const wanted = fields_;
    auto const text = [&](log_field which, auto const& key, std::string_view value,
                          std::size_t size_max) {
        if (!value.empty() && (wanted & bit(which)) != 0) line.text(key, value, size_max);
    };
    auto const number = [&](log_field which, auto const& key, std::uint64_t value) {
        if ((wanted & bit(which)) != 0) line.number(key, value);
    };
    auto const duration = [&](log_field which, auto const& key, std::chrono::nanoseconds value) {
        if ((wanted & bit(which)) != 0) line.duration(key, value);
    };
    if ((wanted & bit(time)) != 0) {
        auto const second = std::chrono::floor<std::chrono::seconds>(record.finished_at);
        auto const ms =
            std::chrono::duration_cast<milliseconds>(record.finished_at - second).count();
        line.time("time", second_text(second), static_cast<unsigned>(ms));
    }
    text(request_id, "request_id", record.request_id, caps::request_id);
    text(client, "client", record.client_address, caps::address);
    text(method, "method", record.method, caps::word);
    text(host, "host", record.host, caps::host);
    text(path, "path", secrets_.hide(record.target), caps::long_text);
    number(status, "status", record.status);
    number(bytes_in, "bytes_in", record.bytes_in);
    number(bytes_out, "bytes_out", record.bytes_out);
    duration(log_field::duration, Line::duration_key, record.duration);
    text(upstream, "upstream", record.upstream, caps::plain_name);
    text(endpoint, "endpoint", record.endpoint, caps::plain_name);
    if (record.upstream_status != 0) {
        number(upstream_status, "upstream_status", record.upstream_status);
        duration(upstream_duration, Line::upstream_duration_key, record.upstream_duration);
    }
    if (record.attempts != 0) {
        number(attempts, "attempts", record.attempts);
        if ((wanted & bit(reused)) != 0) line.flag("reused", record.reused_upstream);
    }
    if (record.parked_duration.count() != 0) {
        duration(parked, Line::parked_key, record.parked_duration);
    }
    if (record.retry != retry_reason::none) {
        text(log_field::retry, "retry", word_of(record.retry), caps::word);
    }
    text(route, "route", record.route, caps::name);
    text(protocol, "protocol", record.protocol, caps::word);
    text(user_agent, "user_agent", record.user_agent, caps::long_text);
    text(referer, "referer", secrets_.hide(record.referer), caps::long_text);
    if (record.why != cause::none) text(log_field::cause, "cause", word_of(record.why), caps::word);
    text(cluster, "cluster", who_.cluster, caps::identity);
    text(service, "service", who_.service, caps::identity);
    text(task, "task", who_.task, caps::identity);
    text(zone, "zone", who_.zone, caps::identity);
    if (record.connection_uses != 0) {
        duration(connection_age, Line::connection_age_key, record.connection_age);
        number(connection_uses, "connection_uses", record.connection_uses);
        duration(connection_idle, Line::connection_idle_key, record.connection_idle);
    }
    text(trace_id, "trace_id", record.trace_id, caps::hex_id);
    text(span_id, "span_id", record.span_id, caps::hex_id);
    if (weight > 1) line.number("sample_weight", weight);
    if (line.truncated()) line.flag("truncated", true);
    return line.finish();
}

// As nginx and Apache write it, with every byte that went out where they count the body's.
char* access_format::write_combined(exchange_record const& record, char* out) noexcept {
    combined_line line{out};
    line.plain(
        record.client_address.empty() ? "-" : record.client_address.substr(0, caps::address));
    line.plain(" - - [");
    line.plain(second_text(std::chrono::floor<std::chrono::seconds>(record.finished_at)));
    line.plain("] \"");
    if (record.method.empty()) {
        line.plain("-");
    } else {
        line.escaped(record.method, caps::word);
        line.plain(" ");
        line.escaped(secrets_.hide(record.target), caps::long_text);
        line.plain(" ");
        line.escaped(record.protocol, caps::word);
    }
    line.plain("\" ");
    line.number(record.status);
    line.plain(" ");
    line.number(record.bytes_out);
    line.quoted(secrets_.hide(record.referer), caps::long_text);
    line.quoted(record.user_agent, caps::long_text);
    line.plain("\n");
    return line.end();
}

// "2026-01-31T23:59:59." or "31/Jan/2026:23:59:59 +0000"
std::string_view access_format::second_text(std::chrono::sys_seconds second) noexcept {
    if (second != cached_second_) {
        using namespace std::chrono;
        auto const day = floor<days>(second);
        year_month_day const date{day};
        hh_mm_ss const clock_time{second - day};
        auto* out = cached_text_.data();
        auto const digits = [&out](unsigned value, unsigned unit, char then) {
            for (; unit != 0; unit /= 10) *out++ = static_cast<char>('0' + value / unit % 10);
            *out++ = then;
        };
        auto const year_number = static_cast<unsigned>(static_cast<int>(date.year()));
        auto const month_number = static_cast<unsigned>(date.month());
        bool const combined = mode_ == access_log_mode::combined;
        if (combined) {
            digits(static_cast<unsigned>(date.day()), 10, '/');
            out = std::copy_n(months[month_number - 1].data(), 3, out);
            *out++ = '/';
            digits(year_number, 1'000, ':');
        } else {
            digits(year_number, 1'000, '-');
            digits(month_number, 10, '-');
            digits(static_cast<unsigned>(date.day()), 10, 'T');
        }
        digits(static_cast<unsigned>(clock_time.hours().count()), 10, ':');
        digits(static_cast<unsigned>(clock_time.minutes().count()), 10, ':');
        digits(static_cast<unsigned>(clock_time.seconds().count()), 10, combined ? ' ' : '.');
        if (combined) out = std::copy_n("+0000", 5, out);
        cached_second_ = second;
        cached_size_ = static_cast<std::size_t>(out - cached_text_.data());
    }
    return {cached_text_.data(), cached_size_};
}

}  // namespace gateway::observe

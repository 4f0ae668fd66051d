// SPDX-License-Identifier: Apache-2.0
// The core's half of the access log: formats lines and hands chunks over.
#include "observe/access_log.hpp"
#include "observe/json_line.hpp"
#include "observe/log_lane.hpp"

namespace gateway::observe {
namespace {

// What a value may take in the line, escapes included. A longer one is cut and the line marked.
struct caps {
    static constexpr std::size_t long_text = 2'048;  // target, user agent, referer
    static constexpr std::size_t host = 256;         // a DNS name has at most 253
    static constexpr std::size_t name = 256;         // of a route, an upstream or an endpoint
    static constexpr std::size_t request_id = 128;
    static constexpr std::size_t address = 64;
    static constexpr std::size_t word = 32;  // method, protocol, cause
};
constexpr std::size_t keys_and_numbers = 600;
static_assert(
    3 * caps::long_text + caps::host + 3 * caps::name + caps::request_id + caps::address +
        3 * caps::word + keys_and_numbers <=
    line_bytes_max);

}  // namespace

access_log_buffer::access_log_buffer(access_log_writer& writer, byte_count budget)
    : writer_{writer}, lane_{writer.open_lane(budget)}, chunk_{lane_->take()} {}

access_log_buffer::~access_log_buffer() {
    flush();
    lane_->retired.store(true, std::memory_order_release);
    writer_.wake();
}

void access_log_buffer::append(exchange_record const& record) noexcept {
    if (chunk_ == nullptr && (chunk_ = lane_->take()) == nullptr) {
        lane_->lines_dropped.add();
        return;
    }
    chunk_->size += format(record, chunk_->bytes.data() + chunk_->size);
    ++chunk_->lines;
    if (chunk_->size < hand_over_bytes) return;
    hand_over();
    if (lane_->is_worth_waking()) writer_.wake();
}

void access_log_buffer::flush() noexcept {
    if (chunk_ != nullptr && chunk_->size != 0) hand_over();
    if (lane_->filled.size() != 0) writer_.wake();
}

void access_log_buffer::hand_over() noexcept {
    lane_->filled.push(chunk_);
    chunk_ = lane_->take();
}

std::string_view access_log_buffer::second_text(std::chrono::sys_seconds second) noexcept {
    if (second != cached_second_) {
        using namespace std::chrono;
        auto const day = floor<days>(second);
        year_month_day const date{day};
        hh_mm_ss const time{second - day};
        auto* out = cached_text_.data();
        auto const digits = [&out](unsigned value, unsigned unit, char then) {
            for (; unit != 0; unit /= 10) *out++ = static_cast<char>('0' + value / unit % 10);
            *out++ = then;
        };
        digits(static_cast<unsigned>(static_cast<int>(date.year())), 1'000, '-');
        digits(static_cast<unsigned>(date.month()), 10, '-');
        digits(static_cast<unsigned>(date.day()), 10, 'T');
        digits(static_cast<unsigned>(time.hours().count()), 10, ':');
        digits(static_cast<unsigned>(time.minutes().count()), 10, ':');
        digits(static_cast<unsigned>(time.seconds().count()), 10, '.');
        cached_second_ = second;
    }
    return {cached_text_.data(), cached_text_.size()};
}

std::size_t access_log_buffer::format(exchange_record const& record, char* out) noexcept {
    json_line line{out};
    auto const second = std::chrono::floor<std::chrono::seconds>(record.finished_at);
    auto const ms = std::chrono::duration_cast<milliseconds>(record.finished_at - second).count();
    line.literal(R"({"time":")");
    line.raw(second_text(second));
    line.three_digits(static_cast<unsigned>(ms));
    line.literal("Z\"");

    auto const text = [&line](auto const& key, std::string_view value, std::size_t size_max) {
        if (value.empty()) return;
        line.literal(key);
        line.escaped(value, size_max);
        line.literal("\"");
    };
    auto const number = [&line](auto const& key, std::uint64_t value) {
        line.literal(key);
        line.number(value);
    };
    text(R"(,"request_id":")", record.request_id, caps::request_id);
    text(R"(,"client":")", record.client_address, caps::address);
    text(R"(,"method":")", record.method, caps::word);
    text(R"(,"host":")", record.host, caps::host);
    text(R"(,"path":")", record.target, caps::long_text);
    number(R"(,"status":)", record.status);
    number(R"(,"bytes_in":)", record.bytes_in);
    number(R"(,"bytes_out":)", record.bytes_out);
    line.literal(R"(,"duration_ms":)");
    line.duration(record.duration);
    text(R"(,"upstream":")", record.upstream, caps::name);
    text(R"(,"endpoint":")", record.endpoint, caps::name);
    if (record.upstream_status != 0) {
        number(R"(,"upstream_status":)", record.upstream_status);
        line.literal(R"(,"upstream_ms":)");
        line.duration(record.upstream_duration);
    }
    if (record.attempts != 0) {
        number(R"(,"attempts":)", record.attempts);
        if (record.reused_upstream) {
            line.literal(R"(,"reused":true)");
        } else {
            line.literal(R"(,"reused":false)");
        }
    }
    text(R"(,"route":")", record.route, caps::name);
    text(R"(,"protocol":")", record.protocol, caps::word);
    text(R"(,"user_agent":")", record.user_agent, caps::long_text);
    text(R"(,"referer":")", record.referer, caps::long_text);
    if (record.why != cause::none) text(R"(,"cause":")", word_of(record.why), caps::word);
    if (line.truncated()) line.literal(R"(,"truncated":true)");
    line.literal("}\n");
    return static_cast<std::size_t>(line.end() - out);
}

}  // namespace gateway::observe

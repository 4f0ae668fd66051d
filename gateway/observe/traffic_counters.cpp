// SPDX-License-Identifier: Apache-2.0
#include "observe/traffic_counters.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <new>

namespace gateway::observe {
namespace {

// In the order of their slots.
constexpr std::array<std::string_view, status_slot_count> status_words{
    "100", "101", "102", "103", "200", "201", "202", "203", "204", "205", "206", "207",
    "208", "226", "300", "301", "302", "303", "304", "305", "307", "308", "400", "401",
    "402", "403", "404", "405", "406", "407", "408", "409", "410", "411", "412", "413",
    "414", "415", "416", "417", "418", "421", "422", "423", "424", "425", "426", "428",
    "429", "431", "444", "451", "499", "500", "501", "502", "503", "504", "505", "506",
    "507", "508", "510", "511", "520", "599", "1xx", "2xx", "3xx", "4xx", "5xx", "other"};
constexpr std::size_t other_slot = status_slot_count - 1;
constexpr std::size_t first_class_slot = other_slot - 5;

constexpr auto slots_by_status = [] {
    std::array<std::uint8_t, 600> slots{};
    for (std::size_t status = 0; status < slots.size(); ++status) {
        auto const family = status / 100;
        slots[status] =
            static_cast<std::uint8_t>(family == 0 ? other_slot : first_class_slot + family - 1);
    }
    for (std::size_t slot = 0; slot < first_class_slot; ++slot) {
        std::size_t status = 0;
        for (char const digit : status_words[slot]) {
            status = status * 10 + static_cast<std::size_t>(digit - '0');
        }
        slots[status] = static_cast<std::uint8_t>(slot);
    }
    return slots;
}();

constexpr std::array<std::string_view, method_label_count> method_words{
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "other"};

}  // namespace

std::size_t status_slot(std::uint16_t status) noexcept {
    return status < slots_by_status.size() ? slots_by_status[status] : other_slot;
}

std::string_view word_of(parking_outcome outcome) noexcept {
    constexpr std::array<std::string_view, parking_outcome_count> words{
        "served", "expired", "full", "given_up"};
    return words[static_cast<std::size_t>(outcome)];
}

std::string_view word_of(mirror_outcome outcome) noexcept {
    constexpr std::array<std::string_view, mirror_outcome_count> words{
        "answered", "failed", "skipped_too_many", "skipped_body", "skipped_no_endpoint"};
    return words[static_cast<std::size_t>(outcome)];
}

std::string_view word_of(farewell how) noexcept {
    constexpr std::array<std::string_view, farewell_count> words{
        "answered", "unanswered", "unannounced"};
    return words[static_cast<std::size_t>(how)];
}

std::string_view word_of(heartbeat kind) noexcept {
    constexpr std::array<std::string_view, heartbeat_count> words{"event_stream", "web_socket"};
    return words[static_cast<std::size_t>(kind)];
}

std::string_view status_word(std::size_t slot) noexcept { return status_words[slot]; }

std::string_view method_word(method_label method) noexcept {
    return method_words[static_cast<std::size_t>(method)];
}

traffic_counters::traffic_counters(
    std::size_t routes, std::size_t upstreams, histogram_bounds const& durations)
    : bounds_{durations} {
    grow(routes, upstreams);
}

void traffic_counters::grow(std::size_t routes, std::size_t upstreams) {
    GATEWAY_CHECK(routes <= routes_max && upstreams <= upstreams_max);
    routes_.reserve(routes);
    upstreams_.reserve(upstreams);
    endpoints_.reserve(upstreams);
    route_count_.store(std::max(routes, route_count()), std::memory_order_release);
    upstream_count_.store(std::max(upstreams, upstream_count()), std::memory_order_release);
}

traffic_counters::~traffic_counters() {
    for (std::size_t i = 0; i <= route_count(); ++i) {
        auto* const table = table_of(i).load(std::memory_order_relaxed);
        if (table == nullptr) continue;
        for (auto const& by_status : *table) {
            for (auto const& cell : by_status) delete cell.load(std::memory_order_relaxed);
        }
        delete table;
    }
}

void traffic_counters::exchange_settled(exchange_record const& record) noexcept {
    settled_.add();
    bytes_received_.add(record.bytes_in);
    bytes_sent_.add(record.bytes_out);
    if (record.why != cause::none) errors_[index(record.why)].add();
    auto* const cell = cell_for(record);
    if (cell == nullptr) return;
    auto const duration = std::max(record.duration, std::chrono::nanoseconds::zero());
    auto const bucket = bounds_.bucket_of(duration);
    cell->add(bucket, duration);
    if (cell->exemplars) {
        cell->exemplars[bucket].offer(record.request_id, duration, record.finished_at);
    }
}

std::atomic<traffic_counters::cell_table*>& traffic_counters::table_of(std::size_t route) noexcept {
    return route < route_count_.load(std::memory_order_relaxed) ? routes_[route] : unmatched_;
}

exchange_cell* traffic_counters::cell_for(exchange_record const& record) noexcept {
    auto& of_route = table_of(record.route_index);
    auto const* const table = of_route.load(std::memory_order_relaxed);
    if (table != nullptr) {
        auto const method = static_cast<std::size_t>(record.method_index);
        auto* const cell =
            (*table)[method][status_slot(record.status)].load(std::memory_order_relaxed);
        if (cell != nullptr) return cell;
    }
    return make_cell(of_route, record);
}

exchange_cell* traffic_counters::make_cell(
    std::atomic<cell_table*>& route, exchange_record const& record) noexcept {
    auto* table = route.load(std::memory_order_relaxed);
    if (table == nullptr) {
        table = new (std::nothrow) cell_table{};
        if (table == nullptr) return nullptr;
        route.store(table, std::memory_order_release);
    }
    auto* const cell = new (std::nothrow) exchange_cell;
    if (cell == nullptr) return nullptr;
    cell->exemplars.reset(new (std::nothrow) exemplar_slot[bounds_.all().size() + 1]);
    auto const method = static_cast<std::size_t>(record.method_index);
    (*table)[method][status_slot(record.status)].store(cell, std::memory_order_release);
    return cell;
}

exchange_cell const* traffic_counters::cell(
    std::size_t route, method_label method, std::size_t slot) const noexcept {
    auto const& of_route = route < route_count() ? routes_[route] : unmatched_;
    auto const* const table = of_route.load(std::memory_order_acquire);
    if (table == nullptr) return nullptr;
    return (*table)[static_cast<std::size_t>(method)][slot].load(std::memory_order_acquire);
}

// The end is read first: what begins or ends in between can only make the difference larger.
std::uint64_t traffic_counters::difference(counter const& begun, counter const& ended) noexcept {
    auto const last = ended.value();
    auto const first = begun.value();
    return first > last ? first - last : 0;
}

}  // namespace gateway::observe

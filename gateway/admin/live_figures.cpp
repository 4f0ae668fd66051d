// SPDX-License-Identifier: Apache-2.0
#include "admin/live_figures.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gateway::admin {
namespace {

bool is_server_error(std::size_t slot) { return observe::status_word(slot).front() == '5'; }

}  // namespace

live_figures::live_figures(std::vector<observe::traffic_counters const*> cores)
    : cores_(std::move(cores)) {
    for (auto const bound :
         cores_.empty() ? observe::duration_bounds.all() : cores_.front()->bounds().all()) {
        bounds_ms_.push_back(std::chrono::duration<double, std::milli>(bound).count());
    }
}

std::array<std::uint64_t, cause_count> live_figures::read_causes() const {
    std::array<std::uint64_t, cause_count> sum{};
    for (observe::traffic_counters const* core : cores_) {
        for (std::size_t i = 0; i < cause_count; ++i) {
            auto const why = static_cast<cause>(i);
            sum[i] += core->errors(why) + core->connections_refused(why);
        }
    }
    return sum;
}

live_figures::totals live_figures::read() const {
    totals sum;
    sum.causes = read_causes();
    for (observe::traffic_counters const* core : cores_) {
        for (std::size_t route = 0; route <= core->route_count(); ++route) {
            if (!core->has_cells(route)) continue;
            for (std::size_t i = 0; i < observe::method_label_count; ++i) {
                auto const method = static_cast<observe::method_label>(i);
                for (std::size_t slot = 0; slot < observe::status_slot_count; ++slot) {
                    auto const* const cell = core->cell(route, method, slot);
                    if (cell == nullptr) continue;
                    std::uint64_t count = 0;
                    for (std::size_t b = 0; b <= bounds_ms_.size(); ++b) {
                        std::uint64_t const in_bucket = cell->buckets[b].value();
                        sum.buckets[b] += in_bucket;
                        count += in_bucket;
                    }
                    sum.requests += count;
                    if (is_server_error(slot)) sum.failed += count;
                }
            }
        }
    }
    return sum;
}

// Inside a bucket durations are taken to lie evenly, as histogram_quantile does.
std::array<double, 3> live_figures::percentiles_between(
    totals const& before, totals const& now) const {
    constexpr std::array<double, 3> shares{0.50, 0.95, 0.99};
    std::array<double, 3> found{-1, -1, -1};
    std::uint64_t const all = now.requests - before.requests;
    if (all == 0) return found;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        double const rank = shares[i] * static_cast<double>(all);
        double up_to_here = 0;
        for (std::size_t b = 0; b <= bounds_ms_.size(); ++b) {
            auto const in_bucket = static_cast<double>(now.buckets[b] - before.buckets[b]);
            if (up_to_here + in_bucket < rank || in_bucket == 0) {
                up_to_here += in_bucket;
                continue;
            }
            double const low = b == 0 ? 0 : bounds_ms_[b - 1];
            double const high = b < bounds_ms_.size() ? bounds_ms_[b] : low;
            found[i] = low + (high - low) * (rank - up_to_here) / in_bucket;
            break;
        }
    }
    return found;
}

void live_figures::take(time_point now) {
    totals fresh = read();
    fresh.at = now;
    if (!totals_.empty()) {
        totals const& last = totals_.back();
        std::size_t const back = std::min(percentile_seconds, totals_.size());
        double const passed = std::max(std::chrono::duration<double>(now - last.at).count(), 0.001);
        second one;
        one.requests = static_cast<double>(fresh.requests - last.requests) / passed;
        one.failed = static_cast<double>(fresh.failed - last.failed) / passed;
        one.percentiles = percentiles_between(totals_[totals_.size() - back], fresh);
        for (auto const* core : cores_) one.in_flight += core->exchanges_in_flight();
        seconds_.push_back(one);
        if (seconds_.size() > seconds_kept) seconds_.pop_front();
    }
    totals_.push_back(fresh);
    if (totals_.size() > cause_seconds) totals_.pop_front();
}

void live_figures::write_seconds(json_text& to, std::size_t count) const {
    to.begin_array();
    for (std::size_t i = seconds_.size() - std::min(count, seconds_.size()); i < seconds_.size();
         ++i) {
        second const& one = seconds_[i];
        to.begin_array();
        to.value(one.requests);
        to.value(one.failed);
        for (double const each : one.percentiles) {
            if (each < 0) {
                to.null();
            } else {
                to.value(each);
            }
        }
        to.value(one.in_flight);
        to.end_array();
    }
    to.end_array();
}

void live_figures::write_causes(json_text& to) const {
    auto const now = read_causes();
    to.begin_array();
    for (std::size_t i = 1; i < cause_count; ++i) {
        std::uint64_t const total = now[i];
        if (total == 0) continue;
        auto const why = static_cast<cause>(i);
        to.begin_object();
        to.member("cause", word_of(why));
        to.member("last_minute", total - (totals_.empty() ? 0 : totals_.front().causes[i]));
        to.member("total", total);
        to.member("by_client", facts_of(why).fault == source::downstream);
        to.end_object();
    }
    to.end_array();
}

}  // namespace gateway::admin

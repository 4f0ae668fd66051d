// SPDX-License-Identifier: Apache-2.0
#include "upstream/outlier_detector.hpp"

#include <cmath>

namespace gateway::upstream {
namespace {

// A rate that is lower by less is nothing a client would notice.
constexpr double margin_min = 0.2;
constexpr double standard_errors = 3;

}  // namespace

bool is_failure(outcome const& what) noexcept {
    if (what.why == cause::none) return what.status >= 502 && what.status <= 504;
    return facts_of(what.why).fault == source::upstream && what.why != cause::tunnel_timeout;
}

bool is_evidence(outcome const& what) noexcept {
    if (what.why == cause::none) return what.status != 0;
    return is_failure(what);
}

finding outlier_detector::observe(track_record& of, outcome const& what) const noexcept {
    if (!is_evidence(what)) return finding::none;
    bool const bad = what.why != cause::none || what.status >= 500;
    ++(bad ? of.bad : of.good);
    if (!is_failure(what)) {
        of.failures_in_a_row = 0;
        return finding::none;
    }
    if (++of.failures_in_a_row < rules_->failures || rules_->failures == 0) return finding::none;
    of.failures_in_a_row = 0;
    return finding::failures_in_a_row;
}

bool outlier_detector::is_outlier(
    track_record const& of, std::span<track_record const* const> all) const noexcept {
    double const requests = of.good + of.bad;
    if (of.bad == 0 || requests < rules_->requests) return false;
    double good = 0;
    double total = 0;
    for (track_record const* each : all) {
        if (each == &of) continue;
        good += each->good;
        total += each->good + each->bad;
    }
    if (total < rules_->requests) return false;
    double const rate = of.good / requests;
    double const others = good / total;
    double const mean = (of.good + good) / (requests + total);
    double const error = std::sqrt(mean * (1 - mean) * (1 / requests + 1 / total));
    double const below = others - rate;
    return below > margin_min && below > standard_errors * error;
}

}  // namespace gateway::upstream

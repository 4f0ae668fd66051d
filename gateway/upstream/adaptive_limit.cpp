// SPDX-License-Identifier: Apache-2.0
#include "upstream/adaptive_limit.hpp"

#include <algorithm>
#include <cmath>

namespace gateway::upstream {
namespace {

// Twice the best latency is still no queue.
constexpr double tolerance = 2;
// One bad window does not halve the limit.
constexpr double smoothing = 0.2;

}  // namespace

std::uint32_t adaptive_limit::observe(
    std::chrono::nanoseconds latency,
    std::uint32_t in_flight,
    std::uint32_t most,
    time_point now) noexcept {
    if (samples_ == 0) window_since_ = now;
    sum_ += static_cast<double>(latency.count());
    ++samples_;
    busiest_ = std::max(busiest_, in_flight);
    if (samples_ >= samples_min && now - window_since_ >= window) judge(most, now);
    return limit();
}

void adaptive_limit::judge(std::uint32_t most, time_point now) noexcept {
    double const mean = std::max(sum_ / samples_, 1.0);
    if (next_baseline_ == 0 || mean < next_baseline_) next_baseline_ = mean;
    if (baseline_ == 0 || mean < baseline_) {
        baseline_ = mean;
    }
    if (baseline_since_ == time_point{}) baseline_since_ = now;
    if (now - baseline_since_ >= baseline_age_max) {
        baseline_ = next_baseline_;
        next_baseline_ = 0;
        baseline_since_ = now;
    }
    double const gradient = std::clamp(tolerance * baseline_ / mean, 0.5, 1.0);
    double const wanted = gradient * limit_ + std::sqrt(limit_);
    // A limit that nobody reaches says nothing about what would be too much.
    bool const is_used = busiest_ * 2 >= limit();
    if (wanted < limit_ || is_used) limit_ += (wanted - limit_) * smoothing;
    limit_ = std::clamp(limit_, double{least}, static_cast<double>(std::max(most, least)));
    sum_ = 0;
    samples_ = 0;
    busiest_ = 0;
}

}  // namespace gateway::upstream

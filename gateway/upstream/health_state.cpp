// SPDX-License-Identifier: Apache-2.0
#include "upstream/health_state.hpp"

namespace gateway::upstream {

flip health_state::observe(bool passed) noexcept {
    in_a_row_ = passed == last_passed_ ? in_a_row_ + 1 : 1;
    last_passed_ = passed;
    if (passed) {
        if (verdict_ == health::healthy) return flip::none;
        // One pass proves a new endpoint; one that fell has to be convincing.
        if (in_a_row_ < (fell_ ? rules_->rise : 1)) return flip::none;
        verdict_ = health::healthy;
        return flip::became_healthy;
    }
    if (verdict_ == health::unhealthy) return flip::none;
    bool const is_new = verdict_ == health::untested;
    if (in_a_row_ < (is_new ? first_tries_max : rules_->fall)) return flip::none;
    fell_ = !is_new;
    verdict_ = health::unhealthy;
    return flip::became_unhealthy;
}

milliseconds health_state::next_in(double random) const noexcept {
    milliseconds mean = rules_->interval;
    if (verdict_ == health::untested) {
        mean = rules_->interval_new;
    } else if (verdict_ == health::unhealthy || !last_passed_) {
        mean = rules_->interval_unhealthy;
    }
    double const factor = 0.8 + 0.4 * random;
    return milliseconds{static_cast<milliseconds::rep>(static_cast<double>(mean.count()) * factor)};
}

}  // namespace gateway::upstream

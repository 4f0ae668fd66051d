// SPDX-License-Identifier: Apache-2.0
#include "upstream/ejections.hpp"

#include <algorithm>

namespace gateway::upstream {

ejection_answer ejections::eject(
    ejection_record& of,
    std::size_t others_available,
    std::size_t ejected,
    std::size_t total,
    time_point now) const noexcept {
    if (of.ejected) return ejection_answer::already;
    if (others_available == 0) return ejection_answer::last_one;
    if ((ejected + 1) * 100 > total * rules_->share_max) return ejection_answer::share_reached;
    of.ejected = true;
    ++of.times;
    of.until = now + std::min(rules_->time * of.times, rules_->time_max);
    return ejection_answer::ejected;
}

bool ejections::returns(ejection_record& of, time_point now) const noexcept {
    if (of.ejected) {
        if (now < of.until) return false;
        of.ejected = false;
        of.settled_at = now;
        return true;
    }
    // A good spell as long as the longest ejection makes up for one of them.
    while (of.times > 0 && now - of.settled_at >= rules_->time_max) {
        --of.times;
        of.settled_at += rules_->time_max;
    }
    return false;
}

void ejections::pardon(ejection_record& of, time_point now) const noexcept {
    of.ejected = false;
    of.settled_at = now;
}

}  // namespace gateway::upstream

// SPDX-License-Identifier: Apache-2.0
#include "proxy/endpoint_board.hpp"

#include "observe/log.hpp"

#include <algorithm>
#include <utility>

namespace gateway::proxy {
namespace {

// Endpoints whose first passes lie no further apart than this come together.
constexpr milliseconds together{2'000};

double seconds(clock::duration what) { return std::chrono::duration<double>(what).count(); }

std::string_view words_for(upstream::finding what) {
    return what == upstream::finding::low_success_rate ? "it fails far more often than the others"
                                                       : "too many failures in a row";
}

}  // namespace

endpoint_board::endpoint_board(
    settings::upstream const& rules,
    std::string_view own_zone,
    std::vector<observe::endpoint_counters const*> counters)
    : rules_(rules),
      own_zone_(own_zone),
      counters_(std::move(counters)),
      ejections_(rules_.ejection),
      lists_(rules_.endpoints.size()) {}

bool endpoint_board::list(
    std::size_t position, std::span<net::listing const> found, time_point now) {
    if (position >= lists_.size()) return false;
    lists_[position].assign(found.begin(), found.end());
    list_anew(now);
    end_leave(now);
    return true;
}

void endpoint_board::take_rules(settings::upstream const& rules, time_point now) {
    std::vector<std::vector<net::listing>> lists(rules.endpoints.size());
    for (std::size_t i = 0; i < lists.size(); ++i) {
        for (std::size_t j = 0; j < lists_.size(); ++j) {
            if (rules.endpoints[i].address == rules_.endpoints[j].address) lists[i] = lists_[j];
        }
    }
    rules_ = rules;
    lists_ = std::move(lists);
    for (entry& each : entries_) {
        if (!each.leaving) each.leaves_at = now + leaving_max;
        each.leaving = each.leaving || each.may_stand_in();
        // Without probes nobody says otherwise.
        bool const unproved = each.listed && each.health != upstream::health::healthy;
        if (unproved && !rules_.health_check.enabled) each.health = upstream::health::healthy;
    }
    list_anew(now);
    end_leave(now);
}

void endpoint_board::list_anew(time_point now) {
    std::vector<bool> before;
    for (entry& each : entries_) {
        before.push_back(std::exchange(each.listed, false));
        if (before.back()) each.gone_at = now;  // or a newcomer would get its number
    }
    for (std::size_t i = 0; i < lists_.size(); ++i) {
        for (net::listing const& each : lists_[i]) take(i, each, now);
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
        entry& each = entries_[i];
        if (!before[i] || each.listed) continue;
        each.present = false;
        if (each.leaving) {
            each.listed = true;
            continue;
        }
        each.begin_anew();
    }
    pardon_if_alone(now);
}

// Those that no setting leads to go as soon as another one can serve.
bool endpoint_board::end_leave(time_point now) {
    bool const relieved = available_without({}) != 0;
    bool changed = false;
    for (entry& each : entries_) {
        if (!each.leaving || !(relieved || now >= each.leaves_at)) continue;
        each.leaving = false;
        each.listed = false;
        each.gone_at = now;
        each.begin_anew();
        changed = true;
    }
    return changed;
}

void endpoint_board::take(std::size_t position, net::listing const& found, time_point now) {
    entry* one = find(found.address);
    if (one == nullptr) {
        if (entries_.size() == endpoints_max &&
            std::none_of(entries_.begin(), entries_.end(), [&](entry const& each) {
                return is_forgotten(each, now);
            })) {
            if (!std::exchange(full_, true)) {
                observe::log_warn(
                    "upstream {}: more than {} addresses; further ones are left out", rules_.name,
                    endpoints_max);
            }
            return;
        }
        one = &admit(found.address, now);
    }
    if (one->word != operator_word::none && is_forgotten(*one, now)) {
        one->word = operator_word::none;
        observe::log_info(
            "upstream {}: endpoint {} was gone for so long that what was asked of it is forgotten",
            rules_.name, one->text);
    }
    // Two settings may lead to one address: the first of them that is present counts.
    if (one->listed && (one->present || !found.present)) return;
    settings::endpoint const& from = rules_.endpoints[position];
    bool const was_there = one->listed || one->health != upstream::health::untested || one->probed;
    one->listed = true;
    one->leaving = false;
    one->present = found.present;
    one->position = static_cast<std::uint32_t>(position);
    one->weight = std::uint32_t{found.weight} * from.weight;
    one->in_own_zone = own_zone_.empty() || from.zone.empty() || from.zone == own_zone_;
    if (!was_there && !rules_.health_check.enabled) {
        one->health = upstream::health::healthy;
        begin_slowly(*one, now);
    }
}

endpoint_board::entry* endpoint_board::find(net::address const& address) noexcept {
    auto const found = std::find_if(entries_.begin(), entries_.end(), [&](entry const& each) {
        return each.address == address;
    });
    return found == entries_.end() ? nullptr : &*found;
}

// A number is given again when its last owner is gone, its series have expired and no core holds a
// connection under it.
bool endpoint_board::is_forgotten(entry const& one, time_point now) const noexcept {
    if (one.listed || now - one.gone_at < remembered) return false;
    endpoint_figures sum;
    add_traffic(static_cast<std::uint32_t>(&one - entries_.data()), sum);
    return sum.in_flight == 0 && sum.connections == 0;
}

endpoint_board::entry& endpoint_board::admit(net::address const& address, time_point now) {
    auto free = std::find_if(entries_.begin(), entries_.end(), [&](entry const& each) {
        return is_forgotten(each, now);
    });
    if (free == entries_.end()) free = entries_.emplace(entries_.end());
    *free = entry{};
    free->address = address;
    free->text = address.text();
    add_traffic(static_cast<std::uint32_t>(free - entries_.begin()), free->before);
    return *free;
}

bool endpoint_board::health_changed(
    std::uint32_t number, bool healthy, std::string_view why, time_point now) {
    if (number >= entries_.size() || !entries_[number].listed) return false;
    entry& one = entries_[number];
    upstream::health const verdict =
        healthy ? upstream::health::healthy : upstream::health::unhealthy;
    one.probed = true;
    if (one.health == verdict) return false;
    one.health = verdict;
    one.why_unhealthy = healthy ? std::string_view{} : why;
    if (healthy) {
        ++one.figures.became_healthy;
        begin_slowly(one, now);
        end_leave(now);
        observe::log_info("upstream {}: endpoint {} is healthy", rules_.name, one.text);
    } else {
        ++one.figures.became_unhealthy;
        observe::log_warn("upstream {}: endpoint {} is unhealthy: {}", rules_.name, one.text, why);
        pardon_if_alone(now);
    }
    return true;
}

bool endpoint_board::found_outlier(std::uint32_t number, upstream::finding what, time_point now) {
    if (number >= entries_.size() || !entries_[number].usable()) return false;
    entry& one = entries_[number];
    std::size_t ejected = 0;
    std::size_t total = 0;
    for (entry const& each : entries_) {
        if (!each.listed || !each.present) continue;
        ++total;
        ejected += each.ejection.ejected ? 1U : 0U;
    }
    auto const answer = ejections_.eject(one.ejection, available_without(one), ejected, total, now);
    switch (answer) {
        case upstream::ejection_answer::already: return false;
        case upstream::ejection_answer::last_one: ++one.figures.refusals[0]; return false;
        case upstream::ejection_answer::share_reached: ++one.figures.refusals[1]; return false;
        case upstream::ejection_answer::ejected: break;
    }
    one.why_ejected = words_for(what);
    ++one.figures.ejections[what == upstream::finding::low_success_rate ? 1 : 0];
    observe::log_warn(
        "upstream {}: endpoint {} is ejected for {} s: {}", rules_.name, one.text,
        seconds(one.ejection.until - now), words_for(what));
    return true;
}

void endpoint_board::probed(std::uint32_t number) noexcept {
    if (number < entries_.size()) entries_[number].probed = true;
}

bool endpoint_board::ticked(time_point now) {
    bool changed = false;
    for (entry& each : entries_) {
        if (!ejections_.returns(each.ejection, now)) continue;
        begin_slowly(each, now);
        observe::log_info(
            "upstream {}: endpoint {} returns from its ejection", rules_.name, each.text);
        changed = true;
    }
    bool const left = end_leave(now);
    return changed || left;
}

bool endpoint_board::operate(
    std::string_view endpoint, operator_word word, time_point now, bool& known) {
    auto const found = std::find_if(entries_.begin(), entries_.end(), [&](entry const& each) {
        return each.text == endpoint && !is_forgotten(each, now);
    });
    known = found != entries_.end();
    if (!known || found->word == word) return false;
    entry& one = *found;
    one.word = word;
    if (word == operator_word::none) {
        begin_slowly(one, now);
    } else {
        pardon_if_alone(now);
    }
    return true;
}

bool endpoint_board::has_available() const noexcept {
    return std::any_of(
        entries_.begin(), entries_.end(), [](entry const& each) { return each.available(); });
}

std::size_t endpoint_board::available_without(entry const& one) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        entries_.begin(), entries_.end(),
        [&](entry const& each) { return &each != &one && each.available(); }));
}

// Only beside others that serve already; those that come together begin together.
void endpoint_board::begin_slowly(entry& one, time_point now) const noexcept {
    one.began_at = now;
    bool const beside = std::any_of(entries_.begin(), entries_.end(), [&](entry const& each) {
        return &each != &one && each.available() && now - each.began_at >= together;
    });
    one.since = beside ? now : time_point{};
}

// An ejected endpoint may be bad; none at all is worse.
void endpoint_board::pardon_if_alone(time_point now) {
    if (std::any_of(entries_.begin(), entries_.end(), [](auto& each) { return each.available(); }))
        return;
    for (entry& each : entries_) {
        if (!each.ejection.ejected) continue;
        ejections_.pardon(each.ejection, now);
        each.since = {};
        observe::log_warn(
            "upstream {}: endpoint {} returns early: no other is available", rules_.name,
            each.text);
    }
}

standing endpoint_board::standing_of(entry const& one) const noexcept {
    if (one.leaving) return one.may_stand_in() ? standing::draining : standing::untested;
    if (one.available()) return standing::available;
    if (one.word == operator_word::disable) return standing::disabled;
    if (one.word == operator_word::drain && one.usable() && !one.ejection.ejected) {
        return standing::draining;
    }
    if (one.health == upstream::health::untested) return standing::untested;
    // Without probes nobody knows whether an address that is gone still serves.
    bool const drains =
        !one.present && one.usable() && !one.ejection.ejected && rules_.health_check.enabled;
    if (drains) return standing::draining;
    return one.present ? standing::reserve : standing::untested;
}

std::vector<endpoint_state> endpoint_board::states() const {
    std::vector<endpoint_state> all;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        entry const& one = entries_[i];
        if (!one.listed) continue;
        all.push_back(
            {.address = one.address,
             .number = i,
             .position = one.leaving ? endpoint_state::of_before : one.position,
             .weight = one.weight,
             .standing = standing_of(one),
             .in_own_zone = one.in_own_zone,
             .since = one.since});
    }
    return all;
}

bool endpoint_board::awaits_probe() const noexcept {
    return rules_.health_check.enabled &&
           std::any_of(entries_.begin(), entries_.end(), [](entry const& each) {
               return each.listed && !each.probed;
           });
}

void endpoint_board::add_traffic(std::uint32_t number, endpoint_figures& to) const noexcept {
    for (observe::endpoint_counters const* core : counters_) {
        if (auto const* cell = core->traffic.find(number)) {
            to.in_flight += cell->in_flight.value();
            to.connections += cell->connections.value();
            to.limit += cell->limit.value();
            to.requests += cell->requests.value();
            to.failures += cell->failures.value();
            if (auto const* timings = cell->timings()) to.timings.add(*timings);
        }
        if (auto const* cell = core->probes.find(number)) {
            for (std::size_t i = 0; i < to.probes.size(); ++i) {
                to.probes[i] += cell->results[i].value();
            }
        }
    }
}

std::vector<endpoint_figures> endpoint_board::figures(time_point now) const {
    std::vector<endpoint_figures> all;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        entry const& one = entries_[i];
        if (is_forgotten(one, now)) continue;
        endpoint_figures& row = all.emplace_back(one.figures);
        row.upstream = rules_.name;
        row.endpoint = one.text;
        row.listed = one.listed;
        row.healthy = one.usable();
        row.ejected = one.ejection.ejected;
        row.available = one.available();
        row.word = one.word;
        row.standing = standing_of(one);
        row.present = one.present;
        if (!one.available()) row.why = one.why_unhealthy;
        if (one.ejection.ejected) {
            row.why = one.why_ejected;
            row.ejected_for = std::chrono::ceil<milliseconds>(one.ejection.until - now);
        }
        add_traffic(i, row);
        row.requests -= one.before.requests;
        row.failures -= one.before.failures;
        row.timings.subtract(one.before.timings);
        for (std::size_t r = 0; r < row.probes.size(); ++r) row.probes[r] -= one.before.probes[r];
    }
    return all;
}

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
#include "upstream/address_book.hpp"

#include <algorithm>

namespace gateway::upstream {
namespace {

// The most a pause is shortened by, so that names learnt together do not stay together.
constexpr double jitter = 0.2;

clock::duration spread(milliseconds pause, double chance) {
    std::chrono::duration<double> const shorter = pause * (1.0 - jitter * chance);
    return std::chrono::duration_cast<clock::duration>(shorter);
}

std::vector<place> places_of(dns_answer const& answer) {
    std::vector<place> out;
    for (dns_record const& each : answer.records) out.push_back(each.at);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace

bool place::is_v4() const noexcept {
    return std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
           bytes[10] == 0xff && bytes[11] == 0xff;
}

std::string_view word_of(look_up how) noexcept {
    switch (how) {
        case look_up::found: return "found";
        case look_up::not_found: return "not_found";
        case look_up::empty: return "empty";
        case look_up::server_failed: return "server_failed";
        case look_up::timed_out: return "timed_out";
        case look_up::failed: break;
    }
    return "failed";
}

std::string_view word_of(move what) noexcept {
    switch (what) {
        case move::appeared: return "appeared";
        case move::returned: return "returned";
        case move::reweighted: return "reweighted";
        case move::disappeared: return "disappeared";
        case move::dropped: break;
    }
    return "dropped";
}

std::vector<address_book::entry> address_book::entries() const {
    std::vector<entry> out;
    out.reserve(known_.size());
    for (known const& one : known_) {
        out.push_back({one.at, one.weight, one.present && !one.reserve});
    }
    return out;
}

std::size_t address_book::present() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(known_.begin(), known_.end(), [](known const& one) { return one.present; }));
}

address_book::known* address_book::find(place const& at) noexcept {
    auto const found = std::lower_bound(
        known_.begin(), known_.end(), at,
        [](known const& one, place const& wanted) { return one.at < wanted; });
    return found != known_.end() && found->at == at ? &*found : nullptr;
}

void address_book::drop(std::size_t index, changes& out) {
    out.push_back({known_[index].at, move::dropped});
    known_.erase(known_.begin() + static_cast<std::ptrdiff_t>(index));
}

// The one that has been absent for longest gives way to a new one.
bool address_book::make_room(changes& out) {
    if (known_.size() < limits_.addresses) return true;
    auto oldest = known_.end();
    for (auto one = known_.begin(); one != known_.end(); ++one) {
        if (one->present) continue;
        if (oldest == known_.end() || one->absent_since < oldest->absent_since) oldest = one;
    }
    if (oldest == known_.end()) return false;
    drop(static_cast<std::size_t>(oldest - known_.begin()), out);
    return true;
}

void address_book::take(dns_record const& one, time_point now, changes& out) {
    std::uint16_t const weight = std::max<std::uint16_t>(one.weight, 1);
    known* at = find(one.at);
    if (at == nullptr) {
        if (!make_room(out)) {
            ++ignored_;
            return;
        }
        auto const here = std::lower_bound(
            known_.begin(), known_.end(), one.at,
            [](known const& each, place const& wanted) { return each.at < wanted; });
        at = &*known_.insert(here, known{});
        at->at = one.at;
        out.push_back({one.at, move::appeared});
    } else if (!at->present) {
        out.push_back({one.at, move::returned});
    } else if (at->weight != weight || at->reserve != one.reserve) {
        out.push_back({one.at, move::reweighted});
    }
    at->weight = weight;
    at->reserve = one.reserve;
    at->present = true;
    at->seen = now;
    at->seen_in = answers_;
}

void address_book::count_answer(dns_answer const& answer) {
    std::vector<place> places = places_of(answer);
    auto const v4 = static_cast<std::size_t>(std::count_if(
        places.begin(), places.end(), [](place const& each) { return each.is_v4(); }));
    v4_partial_ = v4 >= limits_.partial_from;
    v6_partial_ = places.size() - v4 >= limits_.partial_from;
    if (places == last_) return;
    last_ = std::move(places);
    ++answers_;
}

// An answer below `dns.partial_from` addresses is whole. A longer one may be a rotating part of
// more (AWS Cloud Map: any 8 of them), so what it leaves out was in none of the last answers, or
// in none for `dns.merged_for`, before it is missing.
bool address_book::is_missing(
    known const& one, dns_answer const& answer, time_point now) const noexcept {
    if (std::binary_search(last_.begin(), last_.end(), one.at)) return false;
    bool const v4 = one.at.is_v4();
    if (!(v4 ? answer.v4_known : answer.v6_known)) return false;
    if (!(v4 ? v4_partial_ : v6_partial_)) return true;
    return answers_ - one.seen_in >= limits_.merged_answers || now - one.seen >= limits_.merged_for;
}

changes address_book::answered(dns_answer const& answer, time_point now, double chance) {
    changes out;
    if (answer.records.empty()) {
        failed(now, chance);
        return out;
    }
    failures_ = 0;
    ignored_ = 0;
    count_answer(answer);
    std::vector<place> taken;
    for (dns_record const& one : answer.records) {
        // An address may be told twice, with two weights; the first counts.
        if (std::find(taken.begin(), taken.end(), one.at) != taken.end()) continue;
        taken.push_back(one.at);
        take(one, now, out);
    }
    for (std::size_t i = 0; i < known_.size();) {
        known& one = known_[i];
        if (one.present && is_missing(one, answer, now)) {
            one.present = false;
            one.absent_since = now;
            out.push_back({one.at, move::disappeared});
            if (one.failing) {
                drop(i, out);
                continue;
            }
        }
        ++i;
    }
    changes const expired = expire(now);
    out.insert(out.end(), expired.begin(), expired.end());
    ask_again_at_ = now + spread(std::clamp(answer.ttl, limits_.ttl_min, limits_.ttl_max), chance);
    return out;
}

void address_book::failed(time_point now, double chance) noexcept {
    unsigned const doublings = std::min(failures_++, 16U);
    milliseconds const pause = std::min(limits_.ttl_min * (1U << doublings), limits_.ttl_max);
    ask_again_at_ = now + spread(pause, chance);
}

changes address_book::connect_failed(place const& at, time_point now) {
    changes out;
    known* const one = find(at);
    if (one == nullptr) return out;
    ask_again_at_ = std::min(ask_again_at_, std::max(now, asked_at_ + limits_.failure_pause));
    if (!one->present) drop(static_cast<std::size_t>(one - known_.data()), out);
    return out;
}

changes address_book::health_changed(place const& at, bool passing) {
    changes out;
    known* const one = find(at);
    if (one == nullptr) return out;
    one->failing = !passing;
    if (one->failing && !one->present) {
        drop(static_cast<std::size_t>(one - known_.data()), out);
    }
    return out;
}

changes address_book::expire(time_point now) {
    changes out;
    for (std::size_t i = 0; i < known_.size();) {
        if (!known_[i].present && now - known_[i].absent_since >= limits_.absent) {
            drop(i, out);
        } else {
            ++i;
        }
    }
    return out;
}

}  // namespace gateway::upstream

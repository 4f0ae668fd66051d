// SPDX-License-Identifier: Apache-2.0
#include "proxy/endpoint_choice.hpp"

#include "proxy/upstream_pool.hpp"
#include "upstream/slow_start.hpp"

#include <utility>

namespace gateway::proxy {
namespace {

// Zones would send the same key, or the same client, elsewhere from each zone.
bool sorts_by_zone(settings::balance const& how) {
    return how.prefer_zone && how.method != settings::balance_method::hash &&
           how.method != settings::balance_method::sticky_cookie;
}

// While it lives the balancers find no room at these endpoints.
class closed_seats {
public:
    closed_seats(std::span<endpoint const* const> which, std::span<upstream::candidate> among) {
        for (endpoint const* const each : which) {
            bool const here =
                each->seat >= among.data() && each->seat < among.data() + among.size();
            if (!here || each->seat->in_flight_max == 0) continue;
            closed_[count_++] = {each->seat, each->seat->in_flight_max};
            each->seat->in_flight_max = 0;
        }
    }
    ~closed_seats() {
        for (auto const& [seat, room] : std::span{closed_.data(), count_}) {
            seat->in_flight_max = room;
        }
    }
    closed_seats(closed_seats const&) = delete;
    closed_seats& operator=(closed_seats const&) = delete;

private:
    std::array<std::pair<upstream::candidate*, std::uint32_t>, unreached_endpoints::max> closed_{};
    std::size_t count_ = 0;
};

}  // namespace

endpoint_choice::endpoint_choice(settings::upstream const& rules, std::uint64_t start)
    : rules_(rules), method_(rules.balance.method), by_zone_(sorts_by_zone(rules.balance)) {
    for (group& each : groups_) each.balancer = upstream::make_balancer(method_, start);
}

void endpoint_choice::take_rules(std::uint64_t start) {
    by_zone_ = sorts_by_zone(rules_.balance);
    if (method_ == rules_.balance.method) return;
    method_ = rules_.balance.method;
    for (group& each : groups_) each.balancer = upstream::make_balancer(method_, start);
    for (endpoint* const each : owners_) each->seat = nullptr;  // turns are the old balancer's
}

std::uint8_t endpoint_choice::tier_of(endpoint_state const& state) const noexcept {
    switch (state.standing) {
        case standing::available: return state.in_own_zone || !by_zone_ ? near : far;
        case standing::draining: return draining;
        case standing::reserve: return reserve;
        case standing::untested:
        case standing::disabled: break;
    }
    return no_tier;
}

void endpoint_choice::arrange(std::span<endpoint* const> listed, time_point now) {
    std::vector<upstream::candidate> seats;
    owners_.clear();
    for (std::uint8_t order = 0; order < tier_count; ++order) {
        group& here = groups_[order];
        here.begin = seats.size();
        for (endpoint* const each : listed) {
            if (tier_of(each->state) != order) continue;
            upstream::candidate& seat = seats.emplace_back();
            seat.identity = each->identity;
            seat.in_flight = each->leased;
            seat.in_flight_max = each->requests_max;
            // A turn is a time of its group's clock.
            if (each->seat != nullptr && each->tier == order) seat.turn = each->seat->turn;
            each->tier = order;
            owners_.push_back(each);
        }
        here.size = seats.size() - here.begin;
    }
    for (endpoint* const each : listed) each->seat = nullptr;
    candidates_.swap(seats);
    for (std::size_t i = 0; i < owners_.size(); ++i) owners_[i]->seat = &candidates_[i];
    listed_ = listed.size();
    available_ = groups_[reserve].begin;
    weigh(now);
}

void endpoint_choice::ticked(time_point now) {
    if (warming_) weigh(now);
}

void endpoint_choice::weigh(time_point now) {
    warming_ = false;
    for (std::size_t i = 0; i < owners_.size(); ++i) {
        endpoint_state const& state = owners_[i]->state;
        candidates_[i].weight =
            upstream::weight_at(rules_.slow_start, state.weight, state.since, now);
        warming_ = warming_ || !upstream::is_warm(rules_.slow_start, state.since, now);
    }
    for (group const& each : groups_) {
        each.balancer->arrange({candidates_.data() + each.begin, each.size});
    }
}

bool endpoint_choice::seats(group const& in, upstream::candidate const* one) const noexcept {
    return one >= candidates_.data() + in.begin && one < candidates_.data() + in.begin + in.size;
}

endpoint* endpoint_choice::choose_from(
    group const& from, choice_key key, upstream::candidate const* avoid) const noexcept {
    if (from.size == 0) return nullptr;
    std::span<upstream::candidate> const among{candidates_.data() + from.begin, from.size};
    for (std::size_t i = 0; key.sticky != 0 && i < among.size(); ++i) {
        if (among[i].identity != key.sticky) continue;
        if (&among[i] != avoid && among[i].has_room()) return owners_[from.begin + i];
        break;
    }
    std::size_t const avoided =
        seats(from, avoid) ? static_cast<std::size_t>(avoid - among.data()) : upstream::nobody;
    std::size_t const found = from.balancer->choose(among, key.hash, avoided);
    return found == upstream::nobody ? nullptr : owners_[from.begin + found];
}

chosen_endpoint endpoint_choice::choose(
    choice_key key, endpoint const* avoid, unreached_endpoints const& unreached) const noexcept {
    if (!unreached.view().empty()) {
        closed_seats const closed{unreached.view(), candidates_};
        if (chosen_endpoint const found = choose_any(key, avoid); found.at != nullptr) return found;
    }
    return choose_any(key, avoid);
}

chosen_endpoint endpoint_choice::choose_any(choice_key key, endpoint const* avoid) const noexcept {
    upstream::candidate const* const avoided = avoid != nullptr ? avoid->seat : nullptr;
    bool const reserves = available_ == 0 && rules_.fail_open;
    std::size_t const tiers = reserves ? tier_count : tier_count - 1;
    for (std::size_t i = 0; i < tiers; ++i) {
        if (endpoint* const found = choose_from(groups_[i], key, avoided)) return {found};
    }
    // The one to avoid is better than none.
    bool const eligible =
        avoided != nullptr && (avoid->tier != reserve || reserves) && avoided->has_room();
    if (eligible) return {owners_[static_cast<std::size_t>(avoided - candidates_.data())]};
    if (listed_ == 0) return {nullptr, cause::name_unresolved};
    bool const full = available_ != 0 || (reserves && groups_[reserve].size != 0);
    return {nullptr, full ? cause::endpoints_full : cause::no_endpoint};
}

bool endpoint_choice::has_other_than(
    endpoint const& tried, unreached_endpoints const& unreached) const noexcept {
    std::size_t const all = available_ == 0 && rules_.fail_open ? candidates_.size() : available_;
    auto const is_one = [&](endpoint const& one) {
        return one.seat != nullptr && static_cast<std::size_t>(one.seat - candidates_.data()) < all;
    };
    std::size_t out = is_one(tried) ? 1 : 0;
    for (endpoint const* const each : unreached.view()) {
        if (each != &tried && is_one(*each)) ++out;
    }
    return all > out;
}

}  // namespace gateway::proxy

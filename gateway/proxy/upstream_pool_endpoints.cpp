// SPDX-License-Identifier: Apache-2.0
// What a pool knows of its endpoints: who they are, how they do, how much they may get.
#include "proxy/upstream_pool.hpp"
#include "upstream/hash.hpp"

#include <algorithm>

namespace gateway::proxy {
namespace {

// A record may name an endpoint for as long as its request lasts.
constexpr std::chrono::minutes reused_after{5};

}  // namespace

endpoint::endpoint(upstream_pool& owner, net::address const& at, net::tls_peer* peer)
    : pool(owner),
      address(at),
      tls(peer),
      text(at.text()),
      identity(std::max<std::uint64_t>(upstream::hash_of(text), 1)) {}

void endpoint::began() noexcept {
    ++leased;
    if (seat != nullptr) seat->in_flight = leased;
    if (cell != nullptr) cell->in_flight.set(leased);
}

void endpoint::ended() noexcept {
    bool const was_full = leased >= requests_max;
    --leased;
    if (seat != nullptr) seat->in_flight = leased;
    if (cell != nullptr) cell->in_flight.set(leased);
    if (was_full && seat != nullptr && pool.observer_ != nullptr) {
        pool.observer_->endpoint_available(pool);
    }
}

void endpoint::count_connections() noexcept {
    if (cell != nullptr) cell->connections.set(std::int64_t{leased} + idle_count);
}

// A core's part of what the whole process may; at least 1, for a core without any serves nobody.
std::uint32_t upstream_pool::share_of(std::uint32_t process_limit) const noexcept {
    if (process_limit == 0) return upstream::candidate::unlimited;
    return static_cast<std::uint32_t>((process_limit + cores_ - 1) / cores_);
}

void upstream_pool::set_endpoints(std::span<endpoint_state const> states) {
    for (auto const& each : endpoints_) {
        if (std::exchange(each->listed, false)) each->gone_at = home_.now();
    }
    std::vector<endpoint*> before;
    before.swap(listed_);
    for (endpoint_state const& each : states) {
        endpoint* const found = endpoint_for(each);
        if (found == nullptr) continue;
        found->listed = true;
        take_state(*found, each);
        listed_.push_back(found);
    }
    for (endpoint* const each : before) {
        if (!each->listed) each->seat = nullptr;
    }
    for (auto const& each : endpoints_) {
        if (!each->keeps_idle()) close_idle_of(*each);
    }
    choice_.arrange(listed_, home_.now());
    if (has_available() && observer_ != nullptr) observer_->endpoint_available(*this);
}

// Null when it is one of before and this core never had it.
endpoint* upstream_pool::endpoint_for(endpoint_state const& state) {
    if (state.position != endpoint_state::of_before) {
        return &endpoint_for(state.address, tls_ ? tls_->peer(state.position) : nullptr);
    }
    endpoint* latest = nullptr;
    for (auto const& each : endpoints_) {
        if (each->address != state.address) continue;
        if (latest == nullptr || each->gone_at > latest->gone_at) latest = each.get();
    }
    return latest;
}

endpoint& upstream_pool::endpoint_for(net::address const& address, net::tls_peer* tls) {
    for (auto const& each : endpoints_) {
        if (each->address == address && each->tls == tls) return *each;
    }
    for (auto& each : endpoints_) {
        if (!is_forgotten(*each, home_.now())) continue;
        drop_spares_of(*each);
        each = std::make_unique<endpoint>(*this, address, tls);
        return *each;
    }
    return *endpoints_.emplace_back(std::make_unique<endpoint>(*this, address, tls));
}

bool upstream_pool::is_forgotten(endpoint const& one, time_point now) const noexcept {
    return !one.listed && one.leased == 0 && one.traced == 0 && one.idle_count == 0 &&
           (watched_ == nullptr || &watched_->at != &one) && now - one.gone_at >= reused_after;
}

void upstream_pool::drop_spares_of(endpoint const& one) noexcept {
    std::erase_if(spare_, [&](auto const& spare) { return &spare->at == &one; });
}

void upstream_pool::take_state(endpoint& one, endpoint_state const& state) {
    observe::endpoint_cell& cell = counters_.endpoints(index_).traffic.at(state.number);
    if (one.cell != &cell) {
        if (one.cell != nullptr) {
            one.cell->in_flight.set(0);
            one.cell->connections.set(0);
        }
        one.cell = &cell;
        one.cell->make_timings();
        one.cell->in_flight.set(one.leased);
        one.count_connections();
    }
    // Whoever returns begins without a record.
    if (state.standing != one.state.standing) one.record = {};
    one.state = state;
    set_limit(one);
}

void upstream_pool::set_limit(endpoint& one) noexcept {
    one.requests_max = std::min(requests_max_, connections_max_);
    if (settings_.endpoint_limits.adaptive) {
        one.requests_max = std::min(one.requests_max, one.learned.limit());
        one.cell->limit.set(one.requests_max);
    }
    if (one.seat != nullptr) one.seat->in_flight_max = one.requests_max;
}

void upstream_pool::observe(
    endpoint& at,
    upstream::outcome const& what,
    std::chrono::nanoseconds latency,
    time_point now) noexcept {
    if (!at.listed) return;
    at.cell->requests.add();
    if (upstream::is_failure(what)) at.cell->failures.add();
    if (settings_.endpoint_limits.adaptive && what.why == cause::none) {
        std::uint32_t const most = std::min({requests_max_, connections_max_, 10'000U});
        at.learned.observe(latency, at.leased, most, now);
        set_limit(at);
    }
    upstream::finding const found = detector_.observe(at.record, what);
    if (found == upstream::finding::none || news_ == nullptr) return;
    news_->found_outlier(index_, at.state.number, found);
}

void upstream_pool::timed(
    endpoint& at,
    std::optional<std::chrono::nanoseconds> first_byte,
    std::optional<std::chrono::nanoseconds> took) noexcept {
    if (!at.listed) return;
    observe::timing_cells& timings = *at.cell->timings();
    if (first_byte) timings.first_byte.add(counters_.bounds(), *first_byte);
    if (took) timings.attempts.add(counters_.bounds(), *took);
}

void upstream_pool::judge_rates(time_point now) {
    rates_judged_at_ = now;
    std::vector<upstream::track_record const*> all;
    for (endpoint const* const each : listed_) {
        if (each->state.standing == standing::available) all.push_back(&each->record);
    }
    for (endpoint* const each : listed_) {
        bool const judged = detector_.judges_rates() && news_ != nullptr &&
                            each->state.standing == standing::available;
        if (!judged || !detector_.is_outlier(each->record, all)) continue;
        news_->found_outlier(index_, each->state.number, upstream::finding::low_success_rate);
        // What is refused is asked for again on fresh evidence only.
        each->record.good = each->record.bad = 0;
    }
    if (now - rates_counted_from_ < upstream::outlier_detector::window) return;
    rates_counted_from_ = now;
    for (endpoint* const each : listed_) each->record.good = each->record.bad = 0;
}

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// The rules a pool is made with, and those that a reload brings.
#include "proxy/upstream_pool.hpp"
#include "upstream/hash.hpp"

#include <algorithm>
#include <utility>

namespace gateway::proxy {
namespace {

// Gateways that start side by side begin elsewhere too.
std::uint64_t process_start() {
    static std::uint64_t const start =
        upstream::scramble(static_cast<std::uint64_t>(clock::now().time_since_epoch().count()));
    return start >> 32;  // cores add to it
}

std::optional<milliseconds> fixed_idle(settings::snapshot const& all, std::size_t index) {
    std::optional<milliseconds> const own = all.upstreams[index].keep_alive.idle;
    return own ? own : all.timeouts.upstream_idle;
}

upstream::retry_rules rules_of(settings::retries const& wanted) {
    upstream::retry_rules rules{.extra_tries = wanted.extra_tries, .on_status = {}};
    for (std::uint16_t const status : wanted.on_status) rules.on_status.add(status);
    return rules;
}

}  // namespace

upstream_pool::upstream_pool(
    runtime::core& home,
    observe::traffic_counters& counters,
    settings::snapshot const& settings,
    std::size_t index,
    std::size_t number,
    std::size_t cores,
    endpoint_watch* news,
    net::tls_credentials const* tls)
    : line(home.reactor(), (settings.upstreams[index].queue.requests + cores - 1) / cores),
      retry_rules(rules_of(settings.upstreams[index].retries)),
      retry_budget(
          settings.upstreams[index].retries.budget_percent,
          settings.upstreams[index].retries.budget_min),
      home_(home),
      counters_(counters),
      settings_(settings.upstreams[index]),
      index_(number),
      idle_max_(static_cast<std::uint32_t>(
          (settings.limits.upstream_idle_connections + cores - 1) / cores)),
      keep_alive_(fixed_idle(settings, index)),
      random_(process_start() + home.index()),
      connect_deadlines_(&home.deadlines(settings.timeouts.connect)),
      tls_(tls != nullptr ? std::make_unique<net::tls_client>(settings_, *tls) : nullptr),
      tls_fingerprint_(tls != nullptr ? tls->fingerprint() : std::string{}),
      cores_(cores),
      requests_max_(share_of(settings_.endpoint_limits.requests)),
      connections_max_(share_of(settings_.endpoint_limits.connections)),
      choice_(settings_, process_start() + home.index()),
      detector_(settings_.ejection),
      news_(news),
      rates_judged_at_(home.now()),
      rates_counted_from_(home.now()) {
    counters_.keep_alive_learned(index_, keep_alive_.limit());
}

// In place of `settings_`: whoever refers to it sees the new rules.
void upstream_pool::take_rules(
    settings::snapshot const& all, std::size_t index, net::tls_credentials const* tls) {
    settings::upstream const before = std::move(settings_);
    settings_ = all.upstreams[index];
    retired_ = false;
    line.set_places((settings_.queue.requests + cores_ - 1) / cores_);
    retry_rules = rules_of(settings_.retries);
    retry_budget.set_rules(settings_.retries.budget_percent, settings_.retries.budget_min);
    idle_max_ =
        static_cast<std::uint32_t>((all.limits.upstream_idle_connections + cores_ - 1) / cores_);
    keep_alive_.fix(fixed_idle(all, index));
    counters_.keep_alive_learned(index_, keep_alive_.limit());
    connect_deadlines_ = &home_.deadlines(all.timeouts.connect);
    requests_max_ = share_of(settings_.endpoint_limits.requests);
    connections_max_ = share_of(settings_.endpoint_limits.connections);
    take_tls(before, tls);
    choice_.take_rules(process_start() + home_.index());
    for (endpoint* const each : listed_) {
        if (!settings_.endpoint_limits.adaptive) each->cell->limit.set(0);
        set_limit(*each);
    }
    choice_.arrange(listed_, home_.now());
    if (has_available() && observer_ != nullptr) observer_->endpoint_available(*this);
}

// With the same rules and files the sessions with known endpoints are worth keeping.
void upstream_pool::take_tls(settings::upstream const& before, net::tls_credentials const* tls) {
    std::string fingerprint = tls != nullptr ? tls->fingerprint() : std::string{};
    bool const same = tls_ != nullptr && tls != nullptr && before.tls == settings_.tls &&
                      fingerprint == tls_fingerprint_;
    if (same) {
        tls_->arrange(settings_);
        return;
    }
    if (tls_) old_tls_.push_back(std::move(tls_));
    if (tls != nullptr) tls_ = std::make_unique<net::tls_client>(settings_, *tls);
    tls_fingerprint_ = std::move(fingerprint);
}

// All of them when the last endpoint of theirs is.
void upstream_pool::forget_old_tls(time_point now) noexcept {
    bool in_use = false;
    for (auto const& each : endpoints_) {
        bool const old = each->tls != nullptr && (!tls_ || !tls_->has(each->tls));
        in_use = in_use || (old && !is_forgotten(*each, now));
    }
    if (in_use) return;
    std::erase_if(endpoints_, [&](auto const& each) {
        bool const old = each->tls != nullptr && (!tls_ || !tls_->has(each->tls));
        if (old) drop_spares_of(*each);
        return old;
    });
    old_tls_.clear();
}

bool upstream_pool::is_unused() const noexcept {
    return retry_budget.active() == 0 && line.empty() &&
           std::all_of(endpoints_.begin(), endpoints_.end(), [](auto const& each) {
               return each->leased == 0 && each->traced == 0;
           });
}

}  // namespace gateway::proxy

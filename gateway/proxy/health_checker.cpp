// SPDX-License-Identifier: Apache-2.0
#include "proxy/health_checker.hpp"

#include "proxy/probe.hpp"
#include "runtime/task.hpp"

#include <algorithm>

namespace gateway::proxy {

// One endpoint under watch. Stays where it is while a probe of it runs.
struct health_checker::target {
    explicit target(probed_upstream const& of) noexcept : rules(of), state(of.rules.health_check) {}

    probed_upstream const& rules;
    std::size_t upstream = 0;
    net::address address;
    net::address probed_at;  // the same, maybe with another port
    net::tls_peer* tls = nullptr;
    std::uint32_t number = 0;
    std::string request;
    upstream::health_state state;
    runtime::deadline_list* connect = nullptr;
    net::stream socket;
    time_point due{};
    time_point limit{};  // of the probe under way
    bool busy = false;
    bool listed = true;
};

health_checker::health_checker(
    runtime::core& home,
    observe::traffic_counters& counters,
    edition const& first,
    endpoint_watch& watch,
    net::tls_store const* tls)
    : home_(home),
      counters_(counters),
      watch_(watch),
      random_(static_cast<std::uint64_t>(clock::now().time_since_epoch().count())) {
    prepare(first, tls);
    home.every_tick([this](time_point now) { ticked(now); });
}

void health_checker::prepare(edition const& next, net::tls_store const* tls) {
    for (std::size_t i = 0; i < next.upstream_numbers.size(); ++i) {
        std::size_t const number = next.upstream_numbers[i];
        if (number < upstreams_.size() && upstreams_[number]) continue;
        take_rules(next.settings.upstreams[i], number, tls != nullptr ? tls->of(i) : nullptr);
    }
}

void health_checker::adopt(edition const& next, net::tls_store const* tls) {
    for (std::size_t i = 0; i < next.upstream_numbers.size(); ++i) {
        take_rules(
            next.settings.upstreams[i], next.upstream_numbers[i],
            tls != nullptr ? tls->of(i) : nullptr);
    }
    for (std::size_t number = 0; number < upstreams_.size(); ++number) {
        auto const& still = next.upstream_numbers;
        if (std::find(still.begin(), still.end(), number) != still.end()) continue;
        if (!upstreams_[number]) continue;
        set_endpoints(number, {});
        retired_.push_back(std::move(upstreams_[number]));
    }
}

void health_checker::take_rules(
    settings::upstream const& rules, std::size_t number, net::tls_credentials const* tls) {
    if (number >= upstreams_.size()) upstreams_.resize(number + 1);
    std::unique_ptr<probed_upstream>& here = upstreams_[number];
    std::string fingerprint = tls != nullptr ? tls->fingerprint() : std::string{};
    bool const same = here && here->rules.health_check == rules.health_check &&
                      here->rules.host == rules.host && here->rules.tls == rules.tls &&
                      here->tls_fingerprint == fingerprint;
    if (same) {
        here->rules.endpoints = rules.endpoints;
        if (here->tls) here->tls->arrange(rules);
        return;
    }
    auto made = std::make_unique<probed_upstream>();
    made->rules = rules;
    made->tls_fingerprint = std::move(fingerprint);
    if (tls != nullptr) made->tls = std::make_unique<net::tls_client>(rules, *tls);
    if (here) retired_.push_back(std::move(here));
    here = std::move(made);
}

// The core does not run any more, but its loop still can: what is under way ends on it.
health_checker::~health_checker() {
    stop();
    home_.run_until([this] { return under_way_ == 0; });
}

void health_checker::stop() noexcept {
    stopped_ = true;
    for (auto const& each : targets_) {
        if (each->busy) each->socket.abort(cause::draining);
    }
}

void health_checker::set_endpoints(std::size_t upstream, std::span<endpoint_state const> states) {
    if (upstream >= upstreams_.size() || !upstreams_[upstream]) return;
    probed_upstream const& by = *upstreams_[upstream];
    std::vector<target*> gone;
    for (auto const& each : targets_) {
        if (each->upstream != upstream) continue;
        if (!each->listed) gone.push_back(each.get());
        each->listed = false;
    }
    for (endpoint_state const& each : states) {
        bool const probed =
            by.rules.health_check.enabled && each.position != endpoint_state::of_before;
        if (!probed) continue;
        target& one = target_for(upstream, each);
        one.listed = true;
        // Who was gone, if only for a moment, begins anew.
        if (std::find(gone.begin(), gone.end(), &one) == gone.end()) continue;
        one.state = upstream::health_state{by.rules.health_check};
    }
    drop_unlisted();
    begin_due(home_.now());
}

health_checker::target& health_checker::target_for(
    std::size_t upstream, endpoint_state const& state) {
    probed_upstream const& by = *upstreams_[upstream];
    net::tls_peer* const tls = by.tls ? by.tls->peer(state.position) : nullptr;
    for (auto const& each : targets_) {
        bool const same = each->upstream == upstream && each->number == state.number &&
                          each->address == state.address && &each->rules == &by && each->tls == tls;
        if (same) return *each;
    }
    settings::upstream const& of = by.rules;
    auto one = std::make_unique<target>(by);
    one->upstream = upstream;
    one->address = one->probed_at = state.address;
    one->number = state.number;
    one->tls = tls;
    one->request = probe_request(of, state.address.text());
    one->connect = &home_.deadlines(of.health_check.timeout);
    std::uint32_t const port = of.health_check.port;
    if (port != 0) one->probed_at.set_port(static_cast<std::uint16_t>(port));
    return *targets_.emplace_back(std::move(one));
}

void health_checker::ticked(time_point now) {
    for (auto const& each : targets_) {
        if (each->busy && now >= each->limit) each->socket.abort(cause::response_head_timeout);
    }
    drop_unlisted();
    begin_due(now);
}

void health_checker::drop_unlisted() noexcept {
    std::erase_if(targets_, [](auto const& each) { return !each->listed && !each->busy; });
    if (retired_.empty()) return;
    std::erase_if(retired_, [&](auto const& rules) {
        return std::none_of(targets_.begin(), targets_.end(), [&](auto const& each) {
            return &each->rules == rules.get();
        });
    });
}

void health_checker::begin_due(time_point now) {
    for (auto const& each : targets_) {
        if (stopped_ || under_way_ >= probes_max) return;
        if (each->busy || !each->listed || now < each->due) continue;
        each->busy = true;
        each->limit = now + each->rules.rules.health_check.timeout;
        ++under_way_;
        runtime::spawn(run(*this, *each));
    }
}

runtime::task<void> health_checker::run(health_checker& self, target& one) {
    probe_verdict const verdict = co_await probe(
        self.home_, one.rules.rules.health_check, one.probed_at, one.tls, one.request, *one.connect,
        one.socket);
    one.socket.close();
    one.busy = false;
    --self.under_way_;
    if (!self.stopped_) self.settle(one, verdict);
}

void health_checker::settle(target& one, probe_verdict const& verdict) {
    auto const result = static_cast<std::size_t>(verdict.result);
    counters_.endpoints(one.upstream).probes.at(one.number).results[result].add();
    if (!one.listed) return;
    bool const passed = verdict.result == observe::probe_result::passed;
    upstream::flip const change = one.state.observe(passed);
    double const random = static_cast<double>(random_.below(1'000)) / 1'000;
    one.due = home_.now() + one.state.next_in(random);
    if (one.state.verdict() == upstream::health::untested) {
        watch_.probed(one.upstream, one.number);
        return;
    }
    // Told again with each result: a message may be lost when memory is short.
    std::string why;
    if (change == upstream::flip::became_unhealthy) {
        why = verdict.why + ", " + std::to_string(one.state.in_a_row()) + " failed probes in a row";
    }
    bool const healthy = one.state.verdict() == upstream::health::healthy;
    watch_.health_changed(one.upstream, one.number, healthy, std::move(why));
}

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
#include "proxy/health_checker.hpp"

#include "proxy/probe.hpp"
#include "runtime/task.hpp"

#include <algorithm>

namespace gateway::proxy {

// One endpoint under watch. Stays where it is while a probe of it runs.
struct health_checker::target {
    explicit target(settings::health_check const& rules) noexcept : state(rules) {}

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
    settings::snapshot const& settings,
    endpoint_watch& watch,
    net::tls_store const* tls)
    : home_(home),
      counters_(counters),
      settings_(settings),
      watch_(watch),
      random_(static_cast<std::uint64_t>(clock::now().time_since_epoch().count())) {
    for (std::size_t i = 0; i < settings.upstreams.size(); ++i) {
        net::tls_credentials const* const with = tls != nullptr ? tls->of(i) : nullptr;
        tls_.push_back(
            with != nullptr ? std::make_unique<net::tls_client>(settings.upstreams[i], *with)
                            : nullptr);
    }
    home.every_tick([this](time_point now) { ticked(now); });
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
    if (!settings_.upstreams[upstream].health_check.enabled) return;
    std::vector<target*> gone;
    for (auto const& each : targets_) {
        if (each->upstream != upstream) continue;
        if (!each->listed) gone.push_back(each.get());
        each->listed = false;
    }
    for (endpoint_state const& each : states) {
        target& one = target_for(upstream, each);
        one.listed = true;
        // Who was gone, if only for a moment, begins anew.
        if (std::find(gone.begin(), gone.end(), &one) == gone.end()) continue;
        one.state = upstream::health_state{settings_.upstreams[upstream].health_check};
    }
    std::erase_if(targets_, [](auto const& each) { return !each->listed && !each->busy; });
    begin_due(home_.now());
}

health_checker::target& health_checker::target_for(
    std::size_t upstream, endpoint_state const& state) {
    for (auto const& each : targets_) {
        bool const same = each->upstream == upstream && each->number == state.number &&
                          each->address == state.address;
        if (same) return *each;
    }
    settings::upstream const& of = settings_.upstreams[upstream];
    auto one = std::make_unique<target>(of.health_check);
    one->upstream = upstream;
    one->address = one->probed_at = state.address;
    one->number = state.number;
    if (tls_[upstream]) one->tls = tls_[upstream]->peer(state.position);
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
    std::erase_if(targets_, [](auto const& each) { return !each->listed && !each->busy; });
    begin_due(now);
}

void health_checker::begin_due(time_point now) {
    for (auto const& each : targets_) {
        if (stopped_ || under_way_ >= probes_max) return;
        if (each->busy || !each->listed || now < each->due) continue;
        each->busy = true;
        each->limit = now + settings_.upstreams[each->upstream].health_check.timeout;
        ++under_way_;
        runtime::spawn(run(*this, *each));
    }
}

runtime::task<void> health_checker::run(health_checker& self, target& one) {
    probe_verdict const verdict = co_await probe(
        self.home_, self.settings_.upstreams[one.upstream].health_check, one.probed_at, one.tls,
        one.request, *one.connect, one.socket);
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

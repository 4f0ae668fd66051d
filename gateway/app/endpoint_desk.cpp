// SPDX-License-Identifier: Apache-2.0
#include "app/endpoint_desk.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace gateway::app {
namespace {

// How late an ejection may end.
constexpr milliseconds tick{100};

std::vector<settings::host_port> addresses_of(settings::upstream const& from) {
    std::vector<settings::host_port> all;
    for (settings::endpoint const& each : from.endpoints) all.push_back(each.address);
    return all;
}

}  // namespace

endpoint_desk::kept_board::kept_board(
    settings::upstream const& rules,
    std::string_view own_zone,
    std::vector<observe::endpoint_counters const*> counters)
    : endpoints(addresses_of(rules)), board(rules, own_zone, std::move(counters)) {}

endpoint_desk::endpoint_desk(boost::asio::io_context& control, publisher publish)
    : control_(control),
      ticking_(control, tick, [this] { ticked(); }),
      publish_(std::move(publish)) {}

void endpoint_desk::open(
    proxy::edition const& first,
    std::string_view own_zone,
    std::vector<observe::traffic_counters const*> const& cores) {
    own_zone_ = own_zone;
    cores_ = cores;
    prepare(first, {});
    ticking_.start();
}

void endpoint_desk::prepare(proxy::edition const& next, std::vector<std::uint32_t> const& before) {
    for (std::size_t i = 0; i < next.upstream_numbers.size(); ++i) {
        std::size_t const number = next.upstream_numbers[i];
        if (number >= boards_.size()) boards_.resize(number + 1);
        settings::upstream const& rules = next.settings.upstreams[i];
        if (boards_[number]) {
            if (std::find(before.begin(), before.end(), number) != before.end()) continue;
            // It comes back.
            boards_[number]->endpoints = addresses_of(rules);
            boards_[number]->board.take_rules(rules, clock::now());
            publish_if(true, number);
            continue;
        }
        std::vector<observe::endpoint_counters const*> counters;
        for (auto const* each : cores_) counters.push_back(&each->endpoints(number));
        boards_[number] = std::make_unique<kept_board>(rules, own_zone_, std::move(counters));
    }
}

void endpoint_desk::adopt(proxy::edition const& next) {
    auto const now = clock::now();
    for (std::size_t number = 0; number < boards_.size(); ++number) {
        auto const& numbers = next.upstream_numbers;
        auto const place = std::find(numbers.begin(), numbers.end(), number) - numbers.begin();
        kept_board& one = *boards_[number];
        // Of an upstream that is gone nothing but its name stays.
        settings::upstream rules{
            .name = std::string{one.board.name()}, .endpoints = {}, .host = {}};
        if (static_cast<std::size_t>(place) < numbers.size()) {
            rules = next.settings.upstreams[static_cast<std::size_t>(place)];
        }
        one.in_use = static_cast<std::size_t>(place) < numbers.size();
        one.endpoints = addresses_of(rules);
        one.board.take_rules(rules, now);
        publish_if(true, number);
    }
}

void endpoint_desk::ticked() {
    auto const now = clock::now();
    for (std::size_t i = 0; i < boards_.size(); ++i) publish_if(boards_[i]->board.ticked(now), i);
}

void endpoint_desk::stop() { ticking_.stop(); }

void endpoint_desk::publish_if(bool changed, std::size_t upstream) {
    if (changed) publish_(upstream, boards_[upstream]->board.states());
}

void endpoint_desk::list(
    std::size_t upstream,
    settings::host_port const& endpoint,
    std::span<net::listing const> found) {
    kept_board& one = *boards_[upstream];
    bool changed = false;
    for (std::size_t position = 0; position < one.endpoints.size(); ++position) {
        if (one.endpoints[position] != endpoint) continue;
        changed = one.board.list(position, found, clock::now()) || changed;
    }
    publish_if(changed, upstream);
}

bool endpoint_desk::awaits_probes() const noexcept {
    return std::any_of(boards_.begin(), boards_.end(), [](auto const& each) {
        return each->board.awaits_probe();
    });
}

std::vector<proxy::endpoint_figures> endpoint_desk::figures() const {
    std::vector<proxy::endpoint_figures> all;
    auto const now = clock::now();
    for (auto const& each : boards_) {
        auto const some = each->board.figures(now);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

std::vector<std::string_view> endpoint_desk::unavailable() const {
    std::vector<std::string_view> all;
    for (auto const& each : boards_) {
        if (each->in_use && !each->board.has_available()) all.push_back(each->board.name());
    }
    return all;
}

endpoint_desk::operated endpoint_desk::operate(
    std::string_view upstream, std::string_view endpoint, proxy::operator_word word) {
    for (std::size_t i = 0; i < boards_.size(); ++i) {
        if (!boards_[i]->in_use || boards_[i]->board.name() != upstream) continue;
        bool known = false;
        bool const changed = boards_[i]->board.operate(endpoint, word, clock::now(), known);
        publish_if(changed, i);
        if (!known) return operated::no_such_endpoint;
        return changed ? operated::changed : operated::unchanged;
    }
    return operated::no_such_upstream;
}

// What a core cannot tell for want of memory it will tell again: failures go on, so do probes.
template <class Work>
void endpoint_desk::post(Work work) noexcept {
    try {
        boost::asio::post(control_, std::move(work));
    } catch (std::exception const&) {}
}

void endpoint_desk::health_changed(
    std::size_t upstream, std::uint32_t number, bool healthy, std::string why) noexcept {
    post([this, upstream, number, healthy, why = std::move(why)] {
        auto& board = boards_[upstream]->board;
        bool const changed = board.health_changed(number, healthy, why, clock::now());
        publish_if(changed, upstream);
        if (changed && names_ != nullptr) {
            // A copy: the name may give the address up.
            net::address const where = board.address_of(number);
            names_->health_changed(where, healthy);
        }
    });
}

void endpoint_desk::found_outlier(
    std::size_t upstream, std::uint32_t number, upstream::finding what) noexcept {
    post([this, upstream, number, what] {
        auto& board = boards_[upstream]->board;
        bool const changed = board.found_outlier(number, what, clock::now());
        publish_if(changed, upstream);
        // One that its name has no longer and that fails has no reason to be kept.
        if (changed && names_ != nullptr) {
            net::address const where = board.address_of(number);
            names_->connect_failed(where);
        }
    });
}

void endpoint_desk::connect_failed(net::address const& where) noexcept {
    post([this, where] {
        if (names_ != nullptr) names_->connect_failed(where);
    });
}

void endpoint_desk::probed(std::size_t upstream, std::uint32_t number) noexcept {
    post([this, upstream, number] { boards_[upstream]->board.probed(number); });
}

}  // namespace gateway::app

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

}  // namespace

endpoint_desk::endpoint_desk(
    boost::asio::io_context& control, settings::snapshot const& wanted, publisher publish)
    : control_(control),
      ticking_(control, tick, [this] { ticked(); }),
      wanted_(wanted),
      publish_(std::move(publish)) {}

void endpoint_desk::open(
    std::string_view own_zone, std::vector<observe::traffic_counters const*> const& cores) {
    for (std::size_t i = 0; i < wanted_.upstreams.size(); ++i) {
        std::vector<observe::endpoint_counters const*> counters;
        for (auto const* each : cores) counters.push_back(&each->endpoints(i));
        boards_.push_back(
            std::make_unique<proxy::endpoint_board>(wanted_.upstreams[i], own_zone, counters));
    }
    ticking_.start();
}

void endpoint_desk::ticked() {
    auto const now = clock::now();
    for (std::size_t i = 0; i < boards_.size(); ++i) publish_if(boards_[i]->ticked(now), i);
}

void endpoint_desk::stop() { ticking_.stop(); }

void endpoint_desk::publish_if(bool changed, std::size_t upstream) {
    if (changed) publish_(upstream, boards_[upstream]->states());
}

void endpoint_desk::list(
    std::size_t upstream, std::size_t position, std::span<net::listing const> found) {
    publish_if(boards_[upstream]->list(position, found, clock::now()), upstream);
}

bool endpoint_desk::awaits_probes() const noexcept {
    return std::any_of(
        boards_.begin(), boards_.end(), [](auto const& each) { return each->awaits_probe(); });
}

std::vector<proxy::endpoint_figures> endpoint_desk::figures() const {
    std::vector<proxy::endpoint_figures> all;
    auto const now = clock::now();
    for (auto const& each : boards_) {
        auto const some = each->figures(now);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

std::vector<std::string_view> endpoint_desk::unavailable() const {
    std::vector<std::string_view> all;
    for (auto const& each : boards_) {
        if (!each->has_available()) all.push_back(each->upstream_name());
    }
    return all;
}

endpoint_desk::operated endpoint_desk::operate(
    std::string_view upstream, std::string_view endpoint, proxy::operator_word word) {
    for (std::size_t i = 0; i < boards_.size(); ++i) {
        if (boards_[i]->upstream_name() != upstream) continue;
        bool known = false;
        bool const changed = boards_[i]->operate(endpoint, word, clock::now(), known);
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
        auto& board = *boards_[upstream];
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
        auto& board = *boards_[upstream];
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
    post([this, upstream, number] { boards_[upstream]->probed(number); });
}

}  // namespace gateway::app

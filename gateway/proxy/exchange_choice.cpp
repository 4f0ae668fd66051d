// SPDX-License-Identifier: Apache-2.0
// Where an attempt goes: the upstream of the route or of its split, an endpoint of it or of the
// fallback, and the wait for one; and who else gets a copy.
#include "proxy/balance_key.hpp"
#include "proxy/exchange.hpp"
#include "upstream/hash.hpp"

#include <cstring>
#include <utility>

namespace gateway::proxy {

// From here on the request counts as one of that upstream's.
void exchange::use_pool(upstream_pool& pool) noexcept {
    leave_pool();
    pool_ = &pool;
    pool_->retry_budget.request_begun();
}

void exchange::leave_pool() noexcept {
    if (pool_ == nullptr) return;
    pool_->retry_budget.request_ended();
    if (std::exchange(repeating_, false)) pool_->retry_budget.give_back();
}

upstream_pool& exchange::pool_of_route() noexcept {
    if (!plan_->split) return *plan_->pool;
    split_plan& split = *plan_->split;
    std::uint32_t point = 0;
    std::string_view key;
    auto const& by = plan_->settings->split_by;
    if (by) key = part_of(*by, request_, target_, client_text_);
    if (key.empty()) {
        point = split.points.next();
    } else {
        point = static_cast<std::uint32_t>(upstream::hash_of(key) >> 32);
    }
    return *split.pools[split.shares.part_at(point)];
}

cause exchange::choose_endpoint(retry_on where) {
    if (pool_ == nullptr) use_pool(pool_of_route());
    if (where == retry_on::fresh_connection) return cause::none;
    // Who waits already goes first.
    chosen_endpoint chosen{nullptr, cause::no_endpoint};
    if (where == retry_on::later) {
        chosen.why = unreached_why_;
    } else if (pool_->line.empty()) {
        chosen = choose_from(*pool_, endpoint_);
    }
    if (chosen.at == nullptr) chosen.at = choose_fallback();
    if (chosen.at == nullptr) return chosen.why;
    endpoint_ = chosen.at;
    return cause::none;
}

chosen_endpoint exchange::choose_from(upstream_pool& pool, endpoint const* avoid) noexcept {
    return pool.choose(
        key_of(pool.settings().balance, request_, target_, client_address_), avoid, unreached_);
}

// Null when there is none or it has no available endpoint either.
endpoint* exchange::choose_fallback() {
    upstream_pool* const other = plan_->fallback;
    if (other == nullptr || other == pool_ || !other->line.empty()) return nullptr;
    endpoint* const found = choose_from(*other, nullptr).at;
    if (found == nullptr) return nullptr;
    stop_waiting(observe::parking_outcome::given_up);
    use_pool(*other);
    return found;
}

// Of one that was sent to see whether there is anyone.
void exchange::stop_waiting(observe::parking_outcome how) noexcept {
    if (std::exchange(went_to_see_, false)) home_.counters.request_unparked(pool_->index(), how);
}

// Waits, first in first out, until an endpoint is available. Nothing of the request has gone out,
// and of its body nothing more is read: without 100 (Continue) many a client has not sent it.
runtime::task<cause> exchange::await_endpoint(cause unavailable) {
    upstream_pool& pool = *pool_;
    waited_in_vain_ = true;
    if (pool.settings().queue.requests == 0) co_return unavailable;
    parking_place place;
    if (wait_until_ == time_point{}) wait_until_ = home_.core.now() + pool.settings().queue.wait;
    if (!pool.line.join(place, wait_until_)) {
        home_.counters.parking_refused(pool.index());
        co_return cause::queue_full;
    }
    if (!std::exchange(went_to_see_, false)) home_.counters.request_parked(pool.index());
    enter(observe::phase::queued);
    auto const begun = clock::now();
    place_ = &place;
    auto news = parking_place::news::look;
    chosen_endpoint chosen{nullptr, unavailable};
    while (chosen.at == nullptr && news == parking_place::news::look) {
        news = co_await place.next_news();
        if (news == parking_place::news::look) chosen = choose_from(pool, endpoint_);
    }
    place_ = nullptr;
    place.leave();
    // The news may be good for the next one too, whatever this one made of it. While nobody can be
    // reached it only goes to see.
    went_to_see_ = chosen.at != nullptr && !pool.is_reachable();
    if (!went_to_see_) pool.line.wake(1);
    if (news == parking_place::news::expired) chosen.at = choose_fallback();
    parked_for_ += clock::now() - begun;
    using enum observe::parking_outcome;
    if (!went_to_see_) {
        home_.counters.request_unparked(
            pool.index(), chosen.at != nullptr                   ? served
                          : news == parking_place::news::expired ? expired
                                                                 : given_up);
    }
    if (client_gone_) co_return cause::client_closed;
    if (chosen.at == nullptr) {
        co_return news == parking_place::news::ended ? cause::draining : chosen.why;
    }
    endpoint_ = chosen.at;
    waited_in_vain_ = false;
    co_return cause::none;
}

// Sends the route's mirror a copy of the request, when it is one to be copied and all of it is
// here.
void exchange::mirror_request() {
    mirror& to = *plan_->mirror;
    std::string_view const ready = session_.input.view();
    bool const none = request_body_.kind == http::body_kind::none;
    bool const in_hand = none || (request_body_.kind == http::body_kind::length &&
                                  request_body_.length <= to.body_bytes_max() &&
                                  request_body_.length <= ready.size());
    if (upgrade_ || !to.wants(in_hand)) return;
    std::string_view const body = none ? std::string_view{} : ready.substr(0, request_body_.length);
    std::size_t size = 0;
    runtime::block message = build_request(size, to.upstream(), body.size());
    if (size == 0) return;
    if (!body.empty()) std::memcpy(message.data() + size, body.data(), body.size());
    to.send(std::move(message), size + body.size(), request_.method_id);
}

}  // namespace gateway::proxy

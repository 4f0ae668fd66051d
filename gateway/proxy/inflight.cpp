// SPDX-License-Identifier: Apache-2.0
#include "proxy/inflight.hpp"

#include "proxy/exchange.hpp"
#include "proxy/session.hpp"
#include "proxy/shard.hpp"

#include <algorithm>
#include <utility>

namespace gateway::proxy {
namespace {

// About a tenth of a millisecond when none of them is in a cache.
constexpr std::size_t sessions_per_slice = 512;

constexpr std::size_t path_bytes_max = 256;

bool is_older(inflight_row const& a, inflight_row const& b) { return a.age > b.age; }

}  // namespace

bool inflight_collector::wants(std::chrono::nanoseconds age) noexcept {
    ++found_.requests;
    if (age < query_.older) return false;
    ++found_.matching;
    return found_.rows.size() < query_.rows_max ||
           (query_.rows_max != 0 && age > found_.rows.front().age);
}

void inflight_collector::add(inflight_row row) {
    auto& rows = found_.rows;
    if (rows.size() == query_.rows_max) {
        std::pop_heap(rows.begin(), rows.end(), is_older);
        rows.back() = std::move(row);
    } else {
        rows.push_back(std::move(row));
    }
    std::push_heap(rows.begin(), rows.end(), is_older);
}

inflight_found inflight_collector::take() {
    std::sort(found_.rows.begin(), found_.rows.end(), is_older);
    return std::exchange(found_, {});
}

inflight_look::inflight_look(shard& of, inflight_query const& query)
    : home_(&of), next_(of.sessions_), collector_(query) {
    if (of.look_ != nullptr) of.look_->next_ = nullptr;
    of.look_ = this;
}

inflight_look::~inflight_look() {
    if (home_ != nullptr && home_->look_ == this) home_->look_ = nullptr;
}

void inflight_look::session_ends(session const& one) noexcept {
    if (next_ == &one) next_ = one.next_;
}

bool inflight_look::go_on() {
    for (std::size_t i = 0; i < sessions_per_slice && next_ != nullptr; ++i) {
        session const& one = *next_;
        next_ = one.next_;
        look_at(one);
    }
    return next_ == nullptr;
}

void inflight_look::look_at(session const& one) {
    auto const now = clock::now();
    if (one.present != nullptr) {
        std::chrono::nanoseconds const age = now - one.present->begun_at();
        if (collector_.wants(age)) collector_.add(one.present->describe(age));
    } else if (one.parked) {
        std::chrono::nanoseconds const age = now - one.parked->begun_at;
        if (!collector_.wants(age)) return;
        inflight_row row{.phase = word_of(observe::phase::receiving), .age = age};
        std::array<char, http::address_text_max + 1> text;
        row.client = http::print_address(one.peer, text);
        row.bytes_in = one.parked->bytes.size();
        collector_.add(std::move(row));
    }
}

inflight_row exchange::describe(std::chrono::nanoseconds age) const {
    inflight_row row{.phase = word_of(phase_.present()), .age = age};
    if (head_complete_) {
        row.method = request_.method_text();
        row.host = request_.value_of(http::field_id::host).substr(0, path_bytes_max);
        std::string_view const target = request_.target();
        row.path = target.substr(0, std::min(target.find('?'), path_bytes_max));
    }
    if (route_index_ != observe::no_route_index) row.route = home_.route_name(route_index_);
    if (pool_ != nullptr) row.upstream = pool_->settings().name;
    if (endpoint_ != nullptr) row.endpoint = endpoint_->text;
    row.request_id = request_id_;
    row.client = client_text_;
    row.bytes_in = session_.client.bytes_read() - client_read_before_;
    row.bytes_out = session_.client.bytes_written() - client_written_before_;
    row.attempts = attempts_;
    return row;
}

}  // namespace gateway::proxy

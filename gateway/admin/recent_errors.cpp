// SPDX-License-Identifier: Apache-2.0
#include "admin/recent_errors.hpp"

#include "admin/state_page.hpp"
#include "observe/traffic_counters.hpp"

#include <algorithm>
#include <chrono>

namespace gateway::admin {
namespace {

double milliseconds_of(std::chrono::nanoseconds what) {
    return std::chrono::duration<double, std::milli>(what).count();
}

void write_one(json_text& to, observe::noted_error const& one) {
    to.begin_object();
    to.member("at_ms", epoch_ms(one.at));
    to.member("cause", word_of(one.why));
    to.member("status", one.status);
    to.member("by_client", facts_of(one.why).fault == source::downstream);
    to.member("method", observe::method_word(one.method));
    to.member("path", one.path.view());
    to.member("route", one.route.view());
    to.member("upstream", one.upstream.view());
    to.member("endpoint", one.endpoint.view());
    to.member("attempts", unsigned{one.attempts});
    to.member("duration_ms", milliseconds_of(one.duration));
    to.member("request_id", one.request_id.view());
    to.member("client", one.client.view());
    to.end_object();
}

}  // namespace

void recent_errors::add(std::size_t core, std::vector<observe::noted_error> const& fresh) {
    for (auto const& each : fresh) {
        // Told twice when it was asked for twice.
        if (each.number > known_[core]) all_.push_back(each);
    }
    for (auto const& each : fresh) known_[core] = std::max(known_[core], each.number);
    std::stable_sort(
        all_.begin(), all_.end(), [](auto const& a, auto const& b) { return a.at > b.at; });
    if (all_.size() > kept) all_.resize(kept);
}

void recent_errors::write(json_text& to, std::size_t count) const {
    to.begin_array();
    for (std::size_t i = 0; i < std::min(count, all_.size()); ++i) write_one(to, all_[i]);
    to.end_array();
}

}  // namespace gateway::admin

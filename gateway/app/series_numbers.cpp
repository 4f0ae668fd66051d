// SPDX-License-Identifier: Apache-2.0
#include "app/series_numbers.hpp"

#include <algorithm>
#include <utility>

namespace gateway::app {
namespace {

template <class Item>
std::size_t new_names(
    std::vector<Item> const& all, std::unordered_map<std::string, std::uint32_t> const& known) {
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](Item const& each) { return !known.contains(each.name); }));
}

template <class Item>
std::vector<std::uint32_t> numbers_of(
    std::vector<Item> const& all,
    std::unordered_map<std::string, std::uint32_t>& known,
    std::vector<std::string>& names) {
    std::vector<std::uint32_t> numbers;
    for (Item const& each : all) {
        auto const [at, fresh] = known.emplace(each.name, static_cast<std::uint32_t>(names.size()));
        if (fresh) names.push_back(each.name);
        numbers.push_back(at->second);
    }
    return numbers;
}

}  // namespace

series_numbers::series_numbers(settings::snapshot const& first) {
    static_cast<void>(number(first));
}

std::optional<proxy::edition> series_numbers::number(settings::snapshot const& wanted) {
    using observe::traffic_counters;
    std::size_t const routes = names_.routes.size() + new_names(wanted.routes, routes_);
    std::size_t const upstreams = names_.upstreams.size() + new_names(wanted.upstreams, upstreams_);
    if (routes > traffic_counters::routes_max || upstreams > traffic_counters::upstreams_max) {
        return std::nullopt;
    }
    proxy::edition made{wanted, {}, {}};
    made.route_numbers = numbers_of(wanted.routes, routes_, names_.routes);
    made.upstream_numbers = numbers_of(wanted.upstreams, upstreams_, names_.upstreams);
    return made;
}

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
#include "routing/table.hpp"

#include "base/ascii.hpp"
#include "base/check.hpp"
#include "http/limits.hpp"

#include <algorithm>
#include <array>

namespace gateway::routing {
namespace {

using http::host_bytes_max;

std::string lower_case(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), ascii::lower);
    return out;
}

// "Example.COM.:8080" as "example.com", in `out`. An IPv6 address keeps its brackets.
std::string_view bare_host(std::string_view host, std::array<char, host_bytes_max>& out) noexcept {
    auto const bracket = host.starts_with('[') ? std::min(host.find(']'), host.size()) : 0;
    host = host.substr(0, host.find(':', bracket));
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() > out.size()) return {};
    std::transform(host.begin(), host.end(), out.begin(), ascii::lower);
    return {out.data(), host.size()};
}

// What a route without a list of methods takes, as far as there are names for it.
constexpr std::array usual_methods{http::method::get,    http::method::head, http::method::post,
                                   http::method::put,    http::method::del,  http::method::patch,
                                   http::method::options};

void list(std::string& allow, std::string_view method) {
    if (!allow.empty()) allow += ", ";
    allow += method;
}

bool is_below(std::string_view path, std::string_view prefix) noexcept {
    if (!path.starts_with(prefix)) return false;
    return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::string methods_of(std::vector<settings::route> const& routes) {
    std::string allow;
    std::vector<std::string_view> listed;
    auto const add = [&](std::string_view method) {
        if (std::find(listed.begin(), listed.end(), method) != listed.end()) return;
        listed.push_back(method);
        list(allow, method);
    };
    for (settings::route const& route : routes) {
        for (auto const& method : route.methods) add(method);
        if (!route.methods.empty()) continue;
        for (http::method const usual : usual_methods) add(http::text_of(usual));
    }
    add(http::text_of(http::method::options));
    return allow;
}

}  // namespace

table::table(settings::snapshot const& settings) {
    GATEWAY_CHECK(settings.routes.size() < no_route_index);
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
        auto const& route = settings.routes[i];
        auto host = lower_case(route.host);
        bool const wildcard = host.starts_with("*.");
        if (host.ends_with('.')) host.pop_back();
        auto& paths = host.empty() ? every_host_
                      : wildcard   ? wildcard_hosts_[host.substr(1)]
                                   : exact_hosts_[host];
        paths.add(route, static_cast<std::uint16_t>(i));
    }
    for (auto* hosts : {&exact_hosts_, &wildcard_hosts_}) {
        for (auto& [host, paths] : *hosts) paths.finish();
    }
    every_host_.finish();
    allow_ = methods_of(settings.routes);
}

match table::find(
    std::string_view host,
    std::string_view path,
    http::method method,
    std::string_view method_text) const noexcept {
    leaf const* const found = find_leaf(host, path);
    return found ? found->choose(method, method_text) : match{};
}

std::string_view table::allowed(std::string_view host, std::string_view path) const noexcept {
    leaf const* const found = find_leaf(host, path);
    return found ? std::string_view{found->allow} : std::string_view{};
}

table::leaf const* table::find_leaf(std::string_view host, std::string_view path) const noexcept {
    if (!exact_hosts_.empty() || !wildcard_hosts_.empty()) {
        std::array<char, host_bytes_max> buffer;
        if (auto const* found = find_by_host(bare_host(host, buffer), path)) return found;
    }
    return every_host_.find(path);
}

table::leaf const* table::find_by_host(
    std::string_view host, std::string_view path) const noexcept {
    if (auto const at = exact_hosts_.find(host); at != exact_hosts_.end()) {
        if (auto const* found = at->second.find(path)) return found;
    }
    if (wildcard_hosts_.empty()) return nullptr;
    // ".b.example.com" before ".example.com"; at least one label stands before the dot.
    constexpr auto none = std::string_view::npos;
    for (auto dot = host.find('.', 1); dot != none; dot = host.find('.', dot + 1)) {
        auto const at = wildcard_hosts_.find(host.substr(dot));
        if (at == wildcard_hosts_.end()) continue;
        if (auto const* found = at->second.find(path)) return found;
    }
    return nullptr;
}

void table::host_paths::add(settings::route const& route, std::uint16_t index) {
    bool const is_exact = !route.path.empty();
    auto& entries = is_exact ? exact : prefixes;
    std::string const path = is_exact ? route.path : route.prefix.empty() ? "/" : route.prefix;
    auto at = std::find_if(
        entries.begin(), entries.end(), [&](entry const& e) { return e.path == path; });
    if (at == entries.end()) at = entries.insert(entries.end(), entry{path, {}, -1});
    at->routes.add(route, index);
}

void table::host_paths::finish() {
    auto const by_path = [](entry const& a, entry const& b) { return a.path < b.path; };
    for (auto* entries : {&exact, &prefixes}) {
        std::sort(entries->begin(), entries->end(), by_path);
        for (auto& e : *entries) e.routes.finish();
    }
    // The one before in order either begins this one or shares an ancestor with it.
    for (std::size_t i = 1; i < prefixes.size(); ++i) {
        auto parent = static_cast<std::int32_t>(i) - 1;
        while (parent >= 0 &&
               !prefixes[i].path.starts_with(prefixes[static_cast<std::size_t>(parent)].path)) {
            parent = prefixes[static_cast<std::size_t>(parent)].parent;
        }
        prefixes[i].parent = parent;
    }
}

// Every prefix that begins `path` also begins the last prefix not after `path` in order, so the
// chain of parents from there holds them all, longest first.
table::leaf const* table::host_paths::find(std::string_view path) const noexcept {
    auto const before = [](entry const& e, std::string_view text) { return e.path < text; };
    auto const same = std::lower_bound(exact.begin(), exact.end(), path, before);
    if (same != exact.end() && same->path == path) return &same->routes;
    auto const after = std::upper_bound(
        prefixes.begin(), prefixes.end(), path,
        [](std::string_view text, entry const& e) { return text < e.path; });
    auto at = static_cast<std::int32_t>(after - prefixes.begin()) - 1;
    while (at >= 0) {
        auto const& e = prefixes[static_cast<std::size_t>(at)];
        if (is_below(path, e.path)) return &e.routes;
        at = e.parent;
    }
    return nullptr;
}

void table::leaf::add(settings::route const& route, std::uint16_t index) {
    auto const put = [index](std::uint16_t& slot) {
        if (slot == no_route_index) slot = index;
    };
    if (route.methods.empty()) put(any_method);
    for (auto const& text : route.methods) {
        auto const method = http::method_of(text);
        if (method != http::method::other) {
            put(by_method[static_cast<std::size_t>(method)]);
        } else {
            by_text.emplace_back(text, index);
        }
    }
}

void table::leaf::finish() {
    auto& head = by_method[static_cast<std::size_t>(http::method::head)];
    if (head == no_route_index) head = by_method[static_cast<std::size_t>(http::method::get)];
    auto named = by_method;
    if (any_method != no_route_index) {
        for (http::method const usual : usual_methods) {
            named[static_cast<std::size_t>(usual)] = any_method;
        }
    }
    for (std::size_t i = 0; i < named.size(); ++i) {
        if (named[i] != no_route_index) list(allow, http::text_of(static_cast<http::method>(i)));
    }
    for (auto const& [text, index] : by_text) list(allow, text);
}

match table::leaf::choose(http::method method, std::string_view method_text) const noexcept {
    auto chosen = by_method[static_cast<std::size_t>(method)];
    if (method == http::method::other) {
        auto const at = std::find_if(by_text.begin(), by_text.end(), [&](auto const& named) {
            return named.first == method_text;
        });
        if (at != by_text.end()) chosen = at->second;
    }
    if (chosen == no_route_index && method != http::method::trace) chosen = any_method;
    if (chosen == no_route_index) return {outcome::method_not_allowed, no_route_index, allow};
    return {outcome::found, chosen, {}};
}

}  // namespace gateway::routing

// SPDX-License-Identifier: Apache-2.0
#include "settings/changes.hpp"

#include "settings/schema.hpp"

#include <algorithm>
#include <string_view>

namespace gateway::settings {
namespace {

constexpr std::size_t names_shown_max = 5;

bool is_of_one_item(std::string_view path) {
    return path.find("[]") != path.npos || path.find('*') != path.npos;
}

// As the file would show the values.
bool differs(row const& one, snapshot& a, snapshot& b) {
    if (one.path == "listeners") return a.listeners != b.listeners;
    if (one.value.shape == shape::section || is_of_one_item(one.path)) return false;
    if (one.value.items != nullptr) return one.value.items(&a) != one.value.items(&b);
    return one.value.default_text(&a) != one.value.default_text(&b);
}

std::string counted(std::vector<std::string> const& names, std::string_view what) {
    if (names.empty()) return {};
    std::string out = std::to_string(names.size()) + ' ' + std::string{what} + " (";
    for (std::size_t i = 0; i < names.size() && i < names_shown_max; ++i) {
        out += (i == 0 ? "" : ", ") + names[i];
    }
    return out + (names.size() > names_shown_max ? ", ...)" : ")");
}

void append(std::string& to, std::string_view separator, std::string const& part) {
    if (part.empty()) return;
    if (!to.empty()) to += separator;
    to += part;
}

template <class Item>
std::string describe(
    std::string_view what, std::vector<Item> const& before, std::vector<Item> const& after) {
    std::vector<std::string> fresh;
    std::vector<std::string> gone;
    std::vector<std::string> changed;
    auto const find = [](std::vector<Item> const& in, std::string const& name) {
        return std::find_if(
            in.begin(), in.end(), [&](Item const& each) { return each.name == name; });
    };
    for (Item const& each : after) {
        auto const found = find(before, each.name);
        if (found == before.end()) {
            fresh.push_back(each.name);
        } else if (*found != each) {
            changed.push_back(each.name);
        }
    }
    for (Item const& each : before) {
        if (find(after, each.name) == after.end()) gone.push_back(each.name);
    }
    std::string parts;
    append(parts, ", ", counted(fresh, "new"));
    append(parts, ", ", counted(gone, "gone"));
    append(parts, ", ", counted(changed, "changed"));
    // Of two routes for the same requests the first counts.
    if (parts.empty() && before != after) parts = "in another order";
    return parts.empty() ? parts : std::string{what} + ": " + parts;
}

}  // namespace

std::vector<std::string> restart_keys_changed(snapshot const& running, snapshot const& wanted) {
    snapshot a = running;
    snapshot b = wanted;
    std::vector<std::string> keys;
    for (row const& one : rows()) {
        if (one.change == reload::restart && differs(one, a, b)) keys.emplace_back(one.path);
    }
    return keys;
}

// A test compares this with the schema.
void keep_restart_values(snapshot const& running, snapshot& wanted) {
    wanted.listeners = running.listeners;
    wanted.admin = running.admin;
    wanted.limits.memory = running.limits.memory;
    wanted.logging.access_file = running.logging.access_file;
    wanted.logging.access_buffer_bytes = running.logging.access_buffer_bytes;
    wanted.runtime.threads = running.runtime.threads;
    wanted.runtime.zone = running.runtime.zone;
    wanted.dns = running.dns;
    wanted.metrics = running.metrics;
    wanted.tracing = running.tracing;
}

std::string describe_changes(snapshot const& before, snapshot const& after) {
    std::string all;
    append(all, "; ", describe("routes", before.routes, after.routes));
    append(all, "; ", describe("upstreams", before.upstreams, after.upstreams));
    snapshot a = before;
    snapshot b = after;
    std::vector<std::string> keys;
    for (row const& one : rows()) {
        bool const own_line = one.path == "routes" || one.path == "upstreams";
        if (!own_line && differs(one, a, b)) keys.emplace_back(one.path);
    }
    append(all, "; ", counted(keys, keys.size() == 1 ? "other key" : "other keys"));
    return all.empty() ? "nothing changed" : all;
}

}  // namespace gateway::settings

// SPDX-License-Identifier: Apache-2.0
#include "runtime/memory_limit.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace gateway::runtime {
namespace {

constexpr unsigned tight_percent = 85;
constexpr unsigned critical_percent = 92;
constexpr unsigned hysteresis_percent = 3;
// cgroup v1 writes "no limit" as a number near 2^63.
constexpr byte_count no_limit = byte_count{1} << 60;

std::optional<byte_count> number(std::string_view text) {
    byte_count value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

// The value behind `key` in lines of "key value".
byte_count value_of(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        std::string_view const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
            return number(line.substr(key.size() + 1)).value_or(0);
        }
    }
    return 0;
}

}  // namespace

std::string_view word_of(memory_level level) noexcept {
    switch (level) {
        case memory_level::calm: return "calm";
        case memory_level::tight: return "tight";
        default: return "critical";
    }
}

memory_level level_of(byte_count used, byte_count limit, memory_level before) noexcept {
    auto const reached = [&](unsigned percent, memory_level level) {
        unsigned const from = before >= level ? percent - hysteresis_percent : percent;
        return used >= limit / 100 * from;
    };
    if (limit == 0) return memory_level::calm;
    if (reached(critical_percent, memory_level::critical)) return memory_level::critical;
    if (reached(tight_percent, memory_level::tight)) return memory_level::tight;
    return memory_level::calm;
}

memory_gauge::memory_gauge(byte_count wanted, byte_count fallback, file_reader read)
    : read_(std::move(read)), limit_(wanted != 0 ? wanted : fallback) {
    if (wanted != 0) {
        source_ = "settings";
        return;
    }
    auto const consider = [&](std::string const& folder, char const* file, bool v1) {
        auto const text = read_(folder + file);
        auto const limit = text ? number(*text) : std::nullopt;
        if (!limit || *limit == 0 || *limit >= no_limit || *limit > limit_) return;
        limit_ = *limit;
        source_ = "cgroup";
        group_ = folder;
        v1_ = v1;
    };
    cgroup_folders const ours = find_cgroups(read_);
    for (std::string const& folder : ours.v2) consider(folder, "/memory.max", false);
    for (std::string const& folder : ours.v1_memory) {
        consider(folder, "/memory.limit_in_bytes", true);
    }
}

byte_count memory_gauge::used() const {
    byte_count resident = 0;
    if (auto const text = read_("/proc/self/statm")) {
        std::size_t const space = text->find(' ');
        if (space != text->npos) {
            resident = number(std::string_view{*text}.substr(space + 1)).value_or(0) *
                       static_cast<byte_count>(::sysconf(_SC_PAGESIZE));
        }
    }
    if (group_.empty()) return resident;
    auto const all = read_(group_ + (v1_ ? "/memory.usage_in_bytes" : "/memory.current"));
    auto const parts = read_(group_ + "/memory.stat");
    if (!all || !parts) return resident;
    byte_count const charged = number(*all).value_or(0);
    byte_count const cache = value_of(*parts, v1_ ? "total_inactive_file" : "inactive_file") +
                             value_of(*parts, v1_ ? "total_active_file" : "active_file");
    return std::max(resident, charged - std::min(charged, cache));
}

byte_count physical_memory() noexcept {
    auto const pages = ::sysconf(_SC_PHYS_PAGES);
    auto const page = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? static_cast<byte_count>(pages) * static_cast<byte_count>(page)
                                 : 0;
}

}  // namespace gateway::runtime

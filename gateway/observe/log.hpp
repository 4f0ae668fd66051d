// SPDX-License-Identifier: Apache-2.0
// The gateway's own messages: plain lines on stderr, "time level message". What clients do is the
// business of the access log; nothing is logged here once per request.
// Any thread may call everything in this file. A message costs a lock and two system calls and
// never waits for the reader: when stderr is full the message is counted, and the next one that
// gets through says how many were lost. The process must ignore SIGPIPE, as a proxy has to anyway.
#pragma once

#include "settings/settings.hpp"

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace gateway::observe {

// Starts writing to what stderr is now. Before the first call messages from `info` up are written.
void set_up_log(settings::log_level level);

void set_log_level(settings::log_level level) noexcept;
bool log_enabled(settings::log_level level) noexcept;

// Control bytes become spaces, so that a message stays one line and cannot forge another; at most
// 4,000 bytes are written.
void log_message(settings::log_level level, std::string_view text) noexcept;

// Returns when everything logged so far has been handed to the kernel or counted as lost.
void flush_log() noexcept;

// Formats only when the level is enabled. Never throws: a message that cannot be formatted for want
// of memory is lost.
template <class... Args>
void log_formatted(
    settings::log_level level, fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (!log_enabled(level)) return;
    try {
        log_message(level, fmt::vformat(format, fmt::make_format_args(args...)));
    } catch (std::exception const&) {
        log_message(level, "a message could not be formatted");
    }
}

inline void log_debug(std::string_view text) noexcept {
    log_message(settings::log_level::debug, text);
}
inline void log_info(std::string_view text) noexcept {
    log_message(settings::log_level::info, text);
}
inline void log_warn(std::string_view text) noexcept {
    log_message(settings::log_level::warn, text);
}
inline void log_error(std::string_view text) noexcept {
    log_message(settings::log_level::error, text);
}

template <class First, class... Rest>
void log_debug(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) noexcept {
    log_formatted<First, Rest...>(
        settings::log_level::debug, format, std::forward<First>(first),
        std::forward<Rest>(rest)...);
}
template <class First, class... Rest>
void log_info(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) noexcept {
    log_formatted<First, Rest...>(
        settings::log_level::info, format, std::forward<First>(first), std::forward<Rest>(rest)...);
}
template <class First, class... Rest>
void log_warn(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) noexcept {
    log_formatted<First, Rest...>(
        settings::log_level::warn, format, std::forward<First>(first), std::forward<Rest>(rest)...);
}
template <class First, class... Rest>
void log_error(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) noexcept {
    log_formatted<First, Rest...>(
        settings::log_level::error, format, std::forward<First>(first),
        std::forward<Rest>(rest)...);
}

}  // namespace gateway::observe

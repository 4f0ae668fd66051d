// SPDX-License-Identifier: Apache-2.0
// Replaces the running program without turning anybody away: this process starts the program anew
// from its own path and hands it the very sockets that it listens on, so that no queue is lost.
// When the new process can serve, this one lets it and then only finishes what it has. Whatever
// goes wrong with the new process, this one goes on as before.
//
// The two talk over a line, a byte at a time: the new one says `ready`, the old one `go`, the new
// one `serving`. Before `go` the new one accepts nothing, so that it may be ended without a loss.
#pragma once

#include "admin/admin_server.hpp"
#include "app/core_unit.hpp"
#include "base/units.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::app {

namespace handover {

inline constexpr char ready = 'r';
inline constexpr char go = 'g';
inline constexpr char serving = 's';

}  // namespace handover

// Why an upgrade came to nothing.
enum class upgrade_failure : std::uint8_t {
    first_process,  // this one is the first of its container, which ends with it
    leaving,        // this one drains already
    not_started,    // the program could not be run
    ended,          // the new process ended before it served
    too_late,       // it could not serve in time
};
inline constexpr std::size_t upgrade_failure_count = 5;
std::string_view word_of(upgrade_failure why) noexcept;

// What a process listens on, the admin server's last.
std::vector<int> listening_sockets(
    std::vector<std::unique_ptr<core_unit>> const& cores, admin::admin_server const& admin);

// The old process's side. Lives on the control thread.
class upgrade {
public:
    // `sockets` are handed over; `taken_over` hears the number of the process that serves now.
    upgrade(
        boost::asio::io_context& control,
        std::function<std::vector<int>()> sockets,
        std::function<void(pid_t)> taken_over);
    ~upgrade() { forget(); }

    // Once at a time, and not while this process drains; whoever asks then is told so.
    void begin(milliseconds longest, bool draining);
    // This process ends: so does one that has not taken over yet.
    void forget();

    // How many failed, by reason.
    std::vector<std::pair<std::string_view, std::uint64_t>> figures() const;

private:
    void start(std::vector<int> const& sockets);
    void listen();
    void heard(char word);
    void line_ended();
    void fail(upgrade_failure why, std::string const& what);

    std::function<std::vector<int>()> sockets_;
    std::function<void(pid_t)> taken_over_;
    boost::asio::local::stream_protocol::socket line_;
    boost::asio::steady_timer timer_;
    std::string program_;  // its path when this process started: another file may lie there by now
    pid_t next_ = 0;       // the process that is to take over; 0: none
    bool may_serve_ = false;
    char word_ = 0;
    std::array<std::uint64_t, upgrade_failure_count> failed_{};
};

// The new process's side: the line to the one it replaces.
class predecessor {
public:
    // -1: there is none.
    predecessor(boost::asio::io_context& control, int line);

    bool exists() const noexcept { return exists_; }
    // This process can serve. `go` when the old one lets it or has gone.
    void offer(std::function<void()> go);
    void serving();

private:
    void say(char word);

    boost::asio::local::stream_protocol::socket line_;
    std::function<void()> go_;
    char word_ = 0;
    bool exists_;
};

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// One line for each exchange, as observe/access_format lays it out. A core formats it into memory
// of its own; a writer thread takes whole chunks of lines and writes them to a descriptor, so that
// no core ever waits for the reader of the log. What does not fit while the writer is behind is
// dropped and counted, never hidden.
#pragma once

#include "base/counters.hpp"
#include "base/units.hpp"
#include "observe/access_format.hpp"
#include "observe/exchange_record.hpp"
#include "observe/log_output.hpp"
#include "observe/task_identity.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace gateway::observe {

struct log_chunk;
struct log_lane;

// One for the process, with its own thread.
class access_log_writer {
public:
    // Borrows the descriptor (stdout). Throws std::system_error when the thread cannot be started.
    explicit access_log_writer(int descriptor, descriptor_use use = descriptor_use::reopened);
    // Appends to a file, which is made when it is missing. Throws when it cannot be opened.
    explicit access_log_writer(std::string path);
    ~access_log_writer();
    access_log_writer(access_log_writer const&) = delete;
    access_log_writer& operator=(access_log_writer const&) = delete;

    // What every line says of the process; before the first buffer is made.
    void identify(task_identity who) { who_ = std::move(who); }

    // Writes what buffers have handed over, for at most `limit` if the reader is stuck, and ends
    // the thread; the rest counts as dropped. Flush or destroy the buffers before.
    void stop(milliseconds limit = 2'000ms) noexcept;

    // Lines that were lost, by full buffers and by failed writes. Any thread may ask.
    std::uint64_t lines_dropped() const noexcept;
    // Exchanges without a line of their own: probes of load balancers, and those that another
    // line's sample_weight stands for.
    std::uint64_t probes_left_out() const noexcept;
    std::uint64_t lines_thinned() const noexcept;

    // A file is closed and opened anew by its path, which a log rotation has moved away meanwhile.
    // From any thread; the writer's does it.
    void reopen() noexcept;

private:
    friend class access_log_buffer;

    std::shared_ptr<log_lane> open_lane(byte_count budget);
    void wake() const noexcept;

    access_log_writer(std::string path, std::unique_ptr<log_output> output);
    std::uint64_t sum(counter log_lane::*each, std::uint64_t const& of_retired) const noexcept;
    void reopen_now() noexcept;
    void run() noexcept;
    void write_everything() noexcept;
    void write(log_chunk const& chunk) noexcept;
    std::string_view unwritten_part(std::string_view bytes) noexcept;
    bool wait_until_writable() noexcept;
    void drop_retired_lanes() noexcept;
    void report_drops() noexcept;
    milliseconds time_to_stop() const noexcept;

    task_identity who_;
    std::string const path_;  // empty when the descriptor was given
    std::unique_ptr<log_output> output_;
    std::atomic<bool> reopen_{false};
    int wake_event_ = -1;  // an eventfd
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> stop_at_{std::numeric_limits<std::int64_t>::max()};  // of `clock`

    mutable std::mutex
        lanes_guard_;  // taken at start, on reload and by a scrape; never per request
    std::vector<std::shared_ptr<log_lane>> lanes_;
    std::uint64_t dropped_by_retired_ = 0;
    std::uint64_t probes_of_retired_ = 0;
    std::uint64_t thinned_by_retired_ = 0;

    // Of the writer thread.
    std::vector<log_lane*> served_;  // snapshot of lanes_ for one round
    counter dropped_in_writing_;
    bool torn_ = false;  // a chunk was given up in the middle of a line
    int reported_error_ = 0;
    std::uint64_t reported_drops_ = 0;
    time_point next_report_{};
    std::thread thread_;
};

// Lives on one core; call only there. The writer must outlive it.
class access_log_buffer {
public:
    // Of `wanted.access_buffer_bytes`, the memory for lines that the writer has not written yet, at
    // least 82 KiB are used.
    access_log_buffer(access_log_writer& writer, settings::logging const& wanted);
    ~access_log_buffer();
    access_log_buffer(access_log_buffer const&) = delete;
    access_log_buffer& operator=(access_log_buffer const&) = delete;

    // For exchanges that end from now on; the memory for lines stays as it is.
    void take_rules(settings::logging const& wanted) { format_ = access_format{wanted}; }

    void append(exchange_record const& record) noexcept;

    // A whole line with its newline, of another kind; beyond line_bytes_max it counts as lost.
    void append_line(std::string_view line) noexcept;

    // Hands over what is there and wakes the writer. To be called from the core's tick, about every
    // 200 ms: full chunks wake the writer only when several are waiting.
    void flush() noexcept;

private:
    void line_added() noexcept;
    void hand_over() noexcept;

    access_log_writer& writer_;
    std::shared_ptr<log_lane> lane_;
    log_chunk* chunk_ = nullptr;  // being filled; null when none was to be had
    access_format format_;
};

}  // namespace gateway::observe

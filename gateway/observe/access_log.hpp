// SPDX-License-Identifier: Apache-2.0
// One JSON line for each exchange. A core formats it into memory of its own; a writer thread takes
// whole chunks of lines and writes them to a descriptor, so that no core ever waits for the reader
// of the log. What does not fit while the writer is behind is dropped and counted, never hidden.
#pragma once

#include "base/counters.hpp"
#include "base/units.hpp"
#include "observe/exchange_record.hpp"
#include "observe/log_output.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
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
    ~access_log_writer();
    access_log_writer(access_log_writer const&) = delete;
    access_log_writer& operator=(access_log_writer const&) = delete;

    // Writes what buffers have handed over, for at most `limit` if the reader is stuck, and ends
    // the thread; the rest counts as dropped. Flush or destroy the buffers before.
    void stop(milliseconds limit = 2'000ms) noexcept;

    // Lines that were lost, by full buffers and by failed writes. Any thread may ask.
    std::uint64_t lines_dropped() const noexcept;

private:
    friend class access_log_buffer;

    std::shared_ptr<log_lane> open_lane(byte_count budget);
    void wake() const noexcept;

    void run() noexcept;
    void write_everything() noexcept;
    void write(log_chunk const& chunk) noexcept;
    std::string_view unwritten_part(std::string_view bytes) noexcept;
    bool wait_until_writable() noexcept;
    void drop_retired_lanes() noexcept;
    void report_drops() noexcept;
    milliseconds time_to_stop() const noexcept;

    log_output output_;
    int wake_event_ = -1;  // an eventfd
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> stop_at_{std::numeric_limits<std::int64_t>::max()};  // of `clock`

    mutable std::mutex
        lanes_guard_;  // taken at start, on reload and by a scrape; never per request
    std::vector<std::shared_ptr<log_lane>> lanes_;
    std::uint64_t dropped_by_retired_ = 0;

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
    // `budget`: memory for lines that the writer has not written yet; at least 80 KiB are used.
    access_log_buffer(access_log_writer& writer, byte_count budget);
    ~access_log_buffer();
    access_log_buffer(access_log_buffer const&) = delete;
    access_log_buffer& operator=(access_log_buffer const&) = delete;

    void append(exchange_record const& record) noexcept;

    // Hands over what is there and wakes the writer. To be called from the core's tick, about every
    // 200 ms: full chunks wake the writer only when several are waiting.
    void flush() noexcept;

private:
    void hand_over() noexcept;
    std::size_t format(exchange_record const& record, char* out) noexcept;
    std::string_view second_text(std::chrono::sys_seconds second) noexcept;

    access_log_writer& writer_;
    std::shared_ptr<log_lane> lane_;
    log_chunk* chunk_ = nullptr;  // being filled; null when none was to be had
    std::chrono::sys_seconds cached_second_ = std::chrono::sys_seconds::min();
    std::array<char, 20> cached_text_{};  // "2026-01-31T23:59:59."
};

}  // namespace gateway::observe

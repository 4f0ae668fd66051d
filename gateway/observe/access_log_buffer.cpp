// SPDX-License-Identifier: Apache-2.0
// The core's half of the access log: formats lines and hands chunks over.
#include "observe/access_log.hpp"
#include "observe/log_lane.hpp"

#include <cstring>

namespace gateway::observe {
access_log_buffer::access_log_buffer(access_log_writer& writer, settings::logging const& wanted)
    : writer_{writer},
      lane_{writer.open_lane(wanted.access_buffer_bytes)},
      chunk_{lane_->take()},
      format_{wanted, writer.who_} {}

access_log_buffer::~access_log_buffer() {
    flush();
    lane_->retired.store(true, std::memory_order_release);
    writer_.wake();
}

void access_log_buffer::append(exchange_record const& record) noexcept {
    std::uint32_t const weight = format_.weight_of(record);
    if (weight == line_of_a_probe) {
        lane_->probes_left_out.add();
        return;
    }
    if (weight == line_thinned_out) {
        lane_->lines_thinned.add();
        return;
    }
    if (chunk_ == nullptr && (chunk_ = lane_->take()) == nullptr) {
        lane_->lines_dropped.add();
        return;
    }
    char* const begin = chunk_->bytes.data() + chunk_->size;
    chunk_->size += static_cast<std::size_t>(format_.write(record, weight, begin) - begin);
    line_added();
}

void access_log_buffer::append_line(std::string_view line) noexcept {
    if (chunk_ == nullptr) chunk_ = lane_->take();
    if (chunk_ == nullptr || line.size() > line_bytes_max) {
        lane_->lines_dropped.add();
        return;
    }
    std::memcpy(chunk_->bytes.data() + chunk_->size, line.data(), line.size());
    chunk_->size += line.size();
    line_added();
}

void access_log_buffer::line_added() noexcept {
    ++chunk_->lines;
    if (chunk_->size < hand_over_bytes) return;
    hand_over();
    if (lane_->is_worth_waking()) writer_.wake();
}

void access_log_buffer::flush() noexcept {
    if (chunk_ != nullptr && chunk_->size != 0) hand_over();
    if (lane_->filled.size() != 0) writer_.wake();
}

void access_log_buffer::hand_over() noexcept {
    lane_->filled.push(chunk_);
    chunk_ = lane_->take();
}

}  // namespace gateway::observe

// SPDX-License-Identifier: Apache-2.0
#include "http/event_stream.hpp"

#include "base/ascii.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

constexpr std::string_view byte_order_mark{"\xef\xbb\xbf"};

constexpr bool ends_line(char c) { return c == '\n' || c == '\r'; }

}  // namespace

bool is_event_stream(response_head const& response) noexcept {
    if (response.status != 200) return false;
    std::string_view const type = response.value_of(field_id::content_type);
    std::string_view const media = ascii::trim(type.substr(0, type.find(';')));
    if (!ascii::equal_ignoring_case(media, "text/event-stream")) return false;
    for (field const& each : response.fields()) {
        if (!ascii::equal_ignoring_case(response.name(each), "Content-Encoding")) continue;
        if (!ascii::equal_ignoring_case(response.value(each), "identity")) return false;
    }
    return true;
}

std::string_view event_stream::pass(std::string_view bytes) noexcept {
    if (mark_left_ != 0) [[unlikely]]
        bytes = without_mark(bytes);
    std::size_t const taken = std::min(bytes.size(), tail_.size());
    std::size_t const kept = tail_.size() - taken;
    std::copy(tail_.end() - static_cast<std::ptrdiff_t>(kept), tail_.end(), tail_.begin());
    std::copy(
        bytes.end() - static_cast<std::ptrdiff_t>(taken), bytes.end(),
        tail_.end() - static_cast<std::ptrdiff_t>(taken));
    tail_size_ = static_cast<std::uint8_t>(std::min<std::size_t>(tail_size_ + taken, tail_.size()));
    return bytes;
}

void event_stream::heartbeat_sent() noexcept {
    // A mark is one only as the very first thing; readers would take it for the name of a field
    // now.
    if (tail_size_ == 0) mark_left_ = static_cast<std::uint8_t>(byte_order_mark.size());
    tail_ = {':', '\n', '\n'};
    tail_size_ = static_cast<std::uint8_t>(tail_.size());
}

// What only begins like a mark is the name of a field that nobody knows, before and after.
std::string_view event_stream::without_mark(std::string_view bytes) noexcept {
    while (!bytes.empty() && mark_left_ != 0) {
        if (bytes.front() != byte_order_mark[byte_order_mark.size() - mark_left_]) {
            mark_left_ = 0;
            break;
        }
        bytes.remove_prefix(1);
        --mark_left_;
    }
    return bytes;
}

// A line ends with CRLF, LF or CR. A comment in the middle of a CRLF adds one more blank line,
// which is no event.
bool event_stream::at_boundary() const noexcept {
    std::string_view seen{tail_.data() + tail_.size() - tail_size_, tail_size_};
    if (seen.empty()) return true;
    if (!ends_line(seen.back())) return false;
    seen.remove_suffix(seen.ends_with("\r\n") ? 2 : 1);
    return seen.empty() || ends_line(seen.back());
}

}  // namespace gateway::http

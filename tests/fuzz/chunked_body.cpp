// SPDX-License-Identifier: Apache-2.0
// A chunked body: the same payload and the same end however it is cut or spliced past, what a plain
// reader makes of it, and the same again after it was written anew.
#include "harness/growing_buffer.hpp"
#include "harness/plain_message.hpp"
#include "http/chunked.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace gateway::fuzz {
namespace {

struct decoded {
    http::chunk_event end = http::chunk_event::need_more;
    std::size_t consumed = 0;  // unless refused
    std::string payload;
    std::string trailers;  // of a finished body

    bool operator==(decoded const&) const = default;
};

// Pieces of `step` bytes after a first one of `first`; `splice` moves payload past the decoder, as
// splice(2) does.
decoded decode(std::string_view text, std::size_t first, std::size_t step, bool splice) {
    growing_buffer bytes{text};
    http::chunk_decoder decoder;
    decoded out;
    std::size_t used = 0;
    for (std::size_t size = std::min(first, text.size());;) {
        std::string_view rest = bytes.show(size).substr(used);
        while (!rest.empty()) {
            if (auto const left = decoder.chunk_left(); splice && left != 0) {
                auto const moved = std::min<std::uint64_t>(left, rest.size());
                decoder.skip_payload(moved);
                out.payload += rest.substr(0, moved);
                rest.remove_prefix(moved);
                continue;
            }
            http::chunk_step const next = decoder.next(rest);
            GATEWAY_CHECK(next.consumed <= rest.size());
            GATEWAY_CHECK(next.payload.size() <= next.consumed);
            out.payload += next.payload;
            out.end = next.event;
            rest.remove_prefix(next.consumed);
            if (next.event == http::chunk_event::refused) {
                return {next.event, 0, std::move(out.payload), {}};
            }
            if (next.event == http::chunk_event::finished) break;
            GATEWAY_CHECK(next.consumed != 0);
        }
        used = size - rest.size();
        if (decoder.finished() || size == text.size()) break;
        size = std::min(size + step, text.size());
    }
    if (!decoder.finished()) out.end = http::chunk_event::need_more;
    out.consumed = used;
    if (decoder.finished()) out.trailers = decoder.trailer_lines();
    GATEWAY_CHECK(splice || decoder.payload_bytes() == out.payload.size());
    return out;
}

void append_chunk(std::string& out, std::string_view payload) {
    std::array<char, 16> digits{};
    auto const end =
        std::to_chars(digits.data(), digits.data() + digits.size(), payload.size(), 16).ptr;
    out.append(digits.data(), end).append("\r\n").append(payload).append("\r\n");
}

std::string without_extensions(std::string_view text) {
    // The plain reader knows none; after each size line it knows where the next one begins.
    std::string out;
    for (;;) {
        auto const line_end = text.find("\r\n");
        auto const line = text.substr(0, line_end);
        auto const digits = line.substr(0, line.find(';'));
        std::string_view significant = digits;
        while (significant.size() > 1 && significant[0] == '0') significant.remove_prefix(1);
        std::uint64_t size = 0;
        std::from_chars(significant.data(), significant.data() + significant.size(), size, 16);
        out.append(significant).append("\r\n");
        text.remove_prefix(line_end + 2);
        if (size == 0) return out.append(text);
        out.append(text.substr(0, size + 2));
        text.remove_prefix(size + 2);
    }
}

void check_trailers(std::string_view lines) {
    std::string_view name;
    std::string_view value;
    std::string_view rest = lines;
    while (http::next_field_line(rest, name, value)) {
        GATEWAY_CHECK(!name.empty() && value.find_first_of("\r\n") == std::string_view::npos);
        bool const framing = same_name(name, "Content-Length") ||
                             same_name(name, "Transfer-Encoding") || same_name(name, "Host") ||
                             same_name(name, "Trailer") || same_name(name, "Connection") ||
                             same_name(name, "X-Forwarded-For") || same_name(name, "Cookie");
        GATEWAY_CHECK(!framing || !http::may_trail(name));
    }
    GATEWAY_CHECK(rest.empty());
}

void check_finished(std::string_view text, decoded const& whole) {
    std::string const plain = without_extensions(text.substr(0, whole.consumed));
    std::string_view rest = plain;
    std::string payload;
    GATEWAY_CHECK(read_body(rest, {plain_kind::chunked, 0}, payload));
    GATEWAY_CHECK(rest.empty() && payload == whole.payload);
    check_trailers(whole.trailers);

    std::string again;
    if (!whole.payload.empty()) append_chunk(again, whole.payload);
    again.append("0\r\n").append(whole.trailers).append("\r\n");
    decoded const second = decode(again, again.size(), 1, false);
    GATEWAY_CHECK(second.end == http::chunk_event::finished && second.consumed == again.size());
    GATEWAY_CHECK(second.payload == whole.payload && second.trailers == whole.trailers);
}

void run(std::string_view text) {
    decoded const whole = decode(text, text.size(), 1, false);
    GATEWAY_CHECK(decode(text, 0, 1, false) == whole);
    GATEWAY_CHECK(decode(text, 0, 3, true) == whole);
    for_each_split(text.size(), [&](std::size_t at) {
        GATEWAY_CHECK(decode(text, at, text.size(), at % 2 == 0) == whole);
    });
    if (whole.end == http::chunk_event::finished) check_finished(text, whole);
}

}  // namespace
}  // namespace gateway::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    gateway::fuzz::run({reinterpret_cast<char const*>(data), size});
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "support/http_stream.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace gateway::support {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

field field_of(std::string_view line) {
    auto const colon = line.find(':');
    if (colon == line.npos) throw std::runtime_error{"not a field: " + std::string{line}};
    return {std::string{line.substr(0, colon)}, std::string{trimmed(line.substr(colon + 1))}};
}

std::string word(std::string const& line, int index) {
    std::size_t begin = 0;
    for (; index > 0; --index) begin = line.find(' ', begin) + 1;
    return line.substr(begin, line.find(' ', begin) - begin);
}

std::uint64_t number(std::string_view digits, int base) {
    std::uint64_t value = 0;
    auto const end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, value, base).ptr == digits.data()) {
        throw std::runtime_error{"not a number: " + std::string{digits}};
    }
    return value;
}

void deliver(std::string_view bytes, message& into, body_sink const& sink) {
    into.body_bytes += bytes.size();
    if (sink) {
        sink(bytes);
    } else {
        into.body += bytes;
    }
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

int message::status() const { return static_cast<int>(number(word(start_line, 1), 10)); }
std::string message::method() const { return word(start_line, 0); }
std::string message::target() const { return word(start_line, 1); }

std::size_t message::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        fields, [&](field const& f) { return equal_ignoring_case(f.name, name); }));
}

std::string message::value(std::string_view name) const {
    std::string all;
    bool first = true;
    for (auto const& f : fields) {
        if (!equal_ignoring_case(f.name, name)) continue;
        if (!first) all += ", ";
        first = false;
        all += f.value;
    }
    return all;
}

http_stream& http_stream::send(std::string_view bytes) {
    stream_.write(bytes);
    return *this;
}

http_stream& http_stream::send_in_pieces(std::string_view bytes, std::size_t piece_size) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_size, bytes.size()))) {
        stream_.write(bytes.substr(0, piece_size));
    }
    return *this;
}

http_stream& http_stream::send_chunk(std::string_view bytes) {
    std::array<char, 16> size{};
    auto const end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
    std::string chunk{size.data(), end};
    chunk.append("\r\n").append(bytes).append("\r\n");
    return send(chunk);
}

bool http_stream::fill() {
    auto const had = buffer_.size();
    buffer_.resize(had + (64 << 10));
    std::size_t got = 0;
    try {
        got = stream_.read_some(buffer_.data() + had, buffer_.size() - had, wait_);
    } catch (timed_out const&) {
        buffer_.resize(had);
        throw timed_out{"no byte arrived in time; before came: \"" + buffer_ + '"'};
    } catch (...) {
        buffer_.resize(had);
        throw;
    }
    buffer_.resize(had + got);
    return got > 0;
}

std::string http_stream::receive_until(std::string_view last) {
    std::size_t searched = 0;
    for (;;) {
        auto const at = buffer_.find(last, searched);
        if (at != buffer_.npos) {
            auto found = buffer_.substr(0, at + last.size());
            buffer_.erase(0, found.size());
            return found;
        }
        searched = buffer_.size() < last.size() ? 0 : buffer_.size() - last.size() + 1;
        if (!fill()) throw connection_lost{"closed after \"" + buffer_ + '"'};
    }
}

std::string http_stream::receive_line() {
    auto line = receive_until("\r\n");
    line.resize(line.size() - 2);
    return line;
}

std::string http_stream::receive_some() {
    if (buffer_.empty()) fill();
    return std::exchange(buffer_, {});
}

std::string http_stream::receive_bytes(std::size_t count) {
    while (buffer_.size() < count) {
        if (!fill()) throw connection_lost{"closed after \"" + buffer_ + '"'};
    }
    auto bytes = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return bytes;
}

std::string http_stream::receive_to_end() {
    while (fill()) {}
    return std::exchange(buffer_, {});
}

std::string http_stream::receive_chunk() {
    auto const size = number(receive_line(), 16);
    auto payload = receive_bytes(size);
    if (size > 0) receive_until("\r\n");
    return payload;
}

bool http_stream::closed_by_peer() {
    if (!buffer_.empty()) return false;
    try {
        return !fill();
    } catch (connection_lost const&) {
        return true;
    }
}

std::optional<message> http_stream::receive_head() {
    if (buffer_.empty() && !fill()) return std::nullopt;
    message m;
    m.head = receive_until("\r\n\r\n");
    std::string_view rest{m.head};
    rest.remove_suffix(2);
    auto const take_line = [&] {
        auto const end = rest.find("\r\n");
        auto const line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        return line;
    };
    m.start_line = take_line();
    while (!rest.empty()) m.fields.push_back(field_of(take_line()));
    return m;
}

void http_stream::receive_body(message& head, unframed otherwise, body_sink const& sink) {
    if (equal_ignoring_case(head.value("Transfer-Encoding"), "chunked")) {
        receive_chunks(head, sink);
    } else if (head.has("Content-Length")) {
        receive_counted(number(head.value("Content-Length"), 10), head, sink);
    } else if (otherwise == unframed::ends_with_connection) {
        do {
            deliver(buffer_, head, sink);
            buffer_.clear();
        } while (fill());
    }
}

void http_stream::receive_counted(std::uint64_t count, message& into, body_sink const& sink) {
    while (count > 0) {
        if (buffer_.empty() && !fill()) {
            throw connection_lost{"closed with " + std::to_string(count) + " body bytes missing"};
        }
        auto const size = std::min<std::uint64_t>(count, buffer_.size());
        deliver(std::string_view{buffer_}.substr(0, size), into, sink);
        buffer_.erase(0, size);
        count -= size;
    }
}

void http_stream::receive_chunks(message& into, body_sink const& sink) {
    while (auto const size = number(receive_line(), 16)) {
        receive_counted(size, into, sink);
        ++into.pieces;
        receive_until("\r\n");
    }
    for (auto line = receive_line(); !line.empty(); line = receive_line()) {
        into.trailers.push_back(field_of(line));
    }
}

}  // namespace gateway::support

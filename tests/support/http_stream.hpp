// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages as a test wants to see them: parsed for comparison, with the bytes of the head
// kept. It reads what it is given without opinion; judging framing is the gateway's work.
#pragma once

#include "support/stream.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::support {

struct field {
    std::string name;
    std::string value;
};

struct message {
    std::string head;  // its bytes, blank line included
    std::string start_line;
    std::vector<field> fields;
    std::string body;  // decoded; empty when a sink took it
    std::uint64_t body_bytes = 0;
    std::size_t pieces = 0;  // chunks, when it was chunked
    std::vector<field> trailers;

    int status() const;          // of a response
    std::string method() const;  // of a request
    std::string target() const;

    std::size_t count(std::string_view name) const;
    bool has(std::string_view name) const { return count(name) > 0; }
    // All values of that name joined by ", ", as RFC 9110 5.3 joins them; empty when absent.
    std::string value(std::string_view name) const;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

// How a body without Content-Length and chunked ends: at once, or with the connection.
enum class unframed { is_empty, ends_with_connection };

using body_sink = std::function<void(std::string_view)>;

class http_stream {
public:
    // `wait` bounds each single read.
    explicit http_stream(stream connection, milliseconds wait = patience())
        : stream_{std::move(connection)}, wait_{wait} {}

    http_stream& send(std::string_view bytes);
    http_stream& send_in_pieces(std::string_view bytes, std::size_t piece_size);
    http_stream& send_chunk(std::string_view bytes);  // size line included

    // Nothing when the peer closed between two messages.
    std::optional<message> receive_head();
    // Reads the body announced by `head` into it, or into `sink` when there is one.
    void receive_body(message& head, unframed otherwise, body_sink const& sink = {});

    std::string receive_some();  // what is there, or comes next; empty at the peer's end
    std::string receive_bytes(std::size_t count);
    std::string receive_until(std::string_view last);  // `last` included
    std::string receive_to_end();
    std::string receive_chunk();  // one chunk's payload; empty for the last chunk

    // True at the peer's end, orderly or by reset; false when it sent bytes instead.
    bool closed_by_peer();

    bool is_open() const { return stream_.number() >= 0; }
    void half_close() { stream_.half_close(); }
    void close() { stream_.close(); }
    void reset() { stream_.reset(); }
    stream& transport() { return stream_; }

private:
    bool fill();  // false at the peer's end
    std::string receive_line();
    void receive_counted(std::uint64_t count, message& into, body_sink const& sink);
    void receive_chunks(message& into, body_sink const& sink);

    stream stream_;
    milliseconds wait_;
    std::string buffer_;  // received, not yet asked for
};

}  // namespace gateway::support

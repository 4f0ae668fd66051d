// SPDX-License-Identifier: Apache-2.0
#include "proxy/mirror.hpp"

#include "http/chunked.hpp"
#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "http/hop_by_hop.hpp"
#include "http/persistence.hpp"
#include "net/timed_wait.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

namespace gateway::proxy {
namespace {

// An answer longer than this is not worth its connection.
constexpr std::uint64_t answer_bytes_max = 1_MiB;

}  // namespace

// One copy under way. Lives in its task's frame.
struct mirror::copy {
    std::size_t bytes;
    http::method method;
    lease connection{};
    copy* next = nullptr;
    copy* previous = nullptr;
};

// What there is of the answer; only its end matters. In a block of its own: a coroutine's frame
// should stay small.
struct mirror::answer {
    std::array<char, 8192> buffer;
    std::size_t size = 0;  // bytes in the buffer
    std::uint64_t total = 0;
    std::uint64_t left = 0;  // of a body of known length
    bool head_read = false;
    bool keeps_alive = false;
    std::string keep_alive;
    http::response_parser parser;
    http::response_head head;
    http::connection_options options;
    http::body_framing body;
    http::chunk_decoder chunks;
};

mirror::mirror(
    runtime::core& home,
    observe::traffic_counters& counters,
    upstream_pool& to,
    settings::mirror const& wanted,
    http::head_limits const& limits,
    runtime::deadline_list& patience,
    std::size_t cores) noexcept
    : home_(home),
      counters_(counters),
      to_(to),
      wanted_(wanted),
      limits_(limits),
      patience_(patience),
      points_(static_cast<std::uint32_t>(home.index()) << 24),
      in_flight_max_((wanted.in_flight + cores - 1) / cores) {}

// The core's loop has ended; what is left of the copies ends now, on the thread that is here.
mirror::~mirror() {
    cut();
    if (in_flight_ != 0) home_.run_until([this] { return in_flight_ == 0; });
}

bool mirror::wants(bool body_in_hand) noexcept {
    constexpr std::uint64_t whole = std::uint64_t{1} << 32;
    if (points_.next() >= whole * wanted_.percent / 100) return false;
    using enum observe::mirror_outcome;
    if (!body_in_hand) {
        counters_.request_mirrored(to_.index(), body);
    } else if (in_flight_ >= in_flight_max_) {
        counters_.request_mirrored(to_.index(), too_many);
    } else {
        return true;
    }
    return false;
}

void mirror::send(runtime::block message, std::size_t bytes, http::method method) {
    runtime::spawn(run(*this, std::move(message), {.bytes = bytes, .method = method}));
}

void mirror::cut() noexcept {
    for (copy* each = first_; each != nullptr; each = each->next) {
        if (each->connection) each->connection->socket.abort(cause::draining);
    }
}

runtime::task<void> mirror::run(mirror& self, runtime::block message, copy what) {
    what.next = self.first_;
    if (what.next != nullptr) what.next->previous = &what;
    self.first_ = &what;
    ++self.in_flight_;

    runtime::block const room = self.home_.blocks().lend(sizeof(answer));
    answer* const reply = new (room.data()) answer;
    observe::mirror_outcome const outcome = co_await self.exchange(what, message.data(), *reply);
    reply->~answer();
    what.connection.discard();

    self.counters_.request_mirrored(self.to_.index(), outcome);
    (what.previous != nullptr ? what.previous->next : self.first_) = what.next;
    if (what.next != nullptr) what.next->previous = what.previous;
    --self.in_flight_;
}

runtime::task<observe::mirror_outcome> mirror::exchange(copy& what, char* message, answer& room) {
    using enum observe::mirror_outcome;
    endpoint* const at = to_.choose({}, nullptr).at;
    if (at == nullptr) co_return no_endpoint;
    what.connection = to_.lend_idle(*at);
    if (!what.connection) {
        what.connection = to_.lend_new(*at);
        cause const unconnected = co_await to_.connect(what.connection);
        if (unconnected != cause::none) co_return failed;
        // Its answer to the copy would be left over, for somebody else's request.
        if (what.connection->socket.has_unread()) co_return failed;
    }
    net::stream& socket = what.connection->socket;
    runtime::deadline limit;
    limit.start(
        patience_, home_.now(), socket, runtime::deadline::side::both,
        cause::response_head_timeout);
    std::array<iovec, 1> pieces{net::piece(message, what.bytes)};
    net::io_status const sent =
        co_await net::write_rest(socket, pieces, {home_, patience_, cause::upstream_stalled});
    if (sent != net::io_status::ok) co_return failed;
    bool whole = false;
    while (!whole) {
        net::io_result const got =
            socket.try_read({room.buffer.data() + room.size, room.buffer.size() - room.size});
        if (got.status == net::io_status::would_block) {
            co_await socket.readable();
            continue;
        }
        bool const may_end = room.head_read && room.body.kind == http::body_kind::until_close;
        if (got.status == net::io_status::closed && may_end) co_return answered;
        if (got.status != net::io_status::ok) co_return failed;
        room.size += got.bytes;
        room.total += got.bytes;
        if (room.total > answer_bytes_max || !take(what, room, whole)) co_return failed;
    }
    limit.stop();
    if (room.size == 0 && room.keeps_alive) what.connection.settle(room.keep_alive);
    co_return answered;
}

// Uses up what is in the buffer. False when it is no answer.
bool mirror::take(copy const& what, answer& room, bool& whole) const {
    std::string_view ready{room.buffer.data(), room.size};
    while (!room.head_read) {
        http::parse_step const step = room.parser.parse(ready, limits_, room.head);
        if (step == http::parse_step::incomplete) return ready.size() < room.buffer.size();
        if (step == http::parse_step::refused || !read_head(what, room)) return false;
        ready.remove_prefix(room.head.size());
    }
    if (!skip_body(room, ready, whole)) return false;
    room.size = ready.size();
    std::memmove(room.buffer.data(), ready.data(), ready.size());
    return true;
}

bool mirror::read_head(copy const& what, answer& room) {
    if (http::parse_connection(room.head, room.options) != cause::none) return false;
    if (http::frame_response(room.head, what.method, room.body) != cause::none) return false;
    if (room.head.status < 200) {
        room.parser.reset();
        return room.head.status != 101;  // no copy asks for an upgrade
    }
    room.head_read = true;
    room.left = room.body.length;
    room.keeps_alive = http::wants_keep_alive(room.head, room.options);
    room.keep_alive = room.head.value_of(http::field_id::keep_alive);
    return true;
}

bool mirror::skip_body(answer& room, std::string_view& ready, bool& whole) {
    switch (room.body.kind) {
        case http::body_kind::none: whole = true; break;
        case http::body_kind::length: {
            std::size_t const part = std::min<std::uint64_t>(room.left, ready.size());
            ready.remove_prefix(part);
            room.left -= part;
            whole = room.left == 0;
            break;
        }
        case http::body_kind::chunked:
            while (!ready.empty() && !whole) {
                http::chunk_step const step = room.chunks.next(ready);
                ready.remove_prefix(step.consumed);
                if (step.event == http::chunk_event::refused) return false;
                if (step.event == http::chunk_event::need_more) break;
                whole = step.event == http::chunk_event::finished;
            }
            break;
        case http::body_kind::until_close: ready = {}; break;
    }
    return true;
}

}  // namespace gateway::proxy

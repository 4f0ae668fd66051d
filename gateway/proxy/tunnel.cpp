// SPDX-License-Identifier: Apache-2.0
#include "proxy/tunnel.hpp"

#include <array>

namespace gateway::proxy {
namespace {

constexpr unsigned moves_per_turn = 16;

}  // namespace

tunnel::tunnel(
    shard& home,
    kind what,
    runtime::deadline_list& idle,
    runtime::deadline_list* heartbeat,
    net::stream& client,
    net::stream& upstream) noexcept
    : home_(home),
      client_(client),
      upstream_(upstream),
      idle_time_(idle),
      heartbeat_(what == kind::web_socket ? heartbeat : nullptr),
      framed_(what == kind::web_socket) {
    next_ = home_.tunnels_;
    if (next_ != nullptr) next_->previous_ = this;
    home_.tunnels_ = this;
    home_.counters.tunnel_opened();
}

tunnel::~tunnel() {
    (previous_ != nullptr ? previous_->next_ : home_.tunnels_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    home_.counters.tunnel_closed();
    if (told_) home_.counters.tunnel_sent_away(farewell());
}

runtime::task<cause> tunnel::run(std::string_view from_client, std::string_view from_upstream) {
    idle_.start(
        idle_time_, home_.core.now(), client_, runtime::deadline::side::both,
        cause::tunnel_timeout);
    await_beat();
    runtime::side_task towards_upstream;
    towards_upstream.start(pump(client_, upstream_, from_client));
    co_await pump(upstream_, client_, from_upstream);
    co_await towards_upstream.join();
    idle_.stop();
    beat_.stop();
    if (told_ && why_ == cause::none) co_return cause::draining;
    co_return why_;
}

void tunnel::go_away() {
    told_ = true;
    if (!is_framed()) {
        end_both(cause::draining);
        return;
    }
    idle_.start(
        home_.farewell, home_.core.now(), client_, runtime::deadline::side::both, cause::draining);
    upstream_.wake_reader();  // the pump to the client says it
}

runtime::task<void> tunnel::pump(net::stream& from, net::stream& to, std::string_view ready) {
    unsigned moves = 0;
    runtime::block memory;
    for (;;) {
        std::string_view part;
        if (&to == &client_) part = due_frame(ready.empty() && !from.may_read());
        bool const passes = part.empty();  // or it has something of its own to say first
        if (passes && ready.empty()) {
            memory.reset();
            if (!from.may_read()) co_await from.readable();
            memory = home_.core.blocks().lend();
            net::io_result const got = from.try_read({memory.data(), memory.size()});
            if (got.status == net::io_status::would_block) continue;
            if (got.status != net::io_status::ok) {
                source_ended(from, to, got.status);
                co_return;
            }
            ready = {memory.data(), got.bytes};
        }
        if (passes) {
            part = pass(from, ready);
            ready.remove_prefix(part.size());
            if (&to == &client_ && closed_client_) part = {};
        }
        std::array<iovec, 1> pieces{net::piece(part.data(), part.size())};
        while (net::total(pieces) > 0) {
            net::io_result const sent = to.try_write(pieces);
            if (sent.status == net::io_status::would_block) {
                co_await to.writable();
            } else if (sent.status != net::io_status::ok) {
                sink_failed(to, sent.status);
                co_return;
            }
        }
        if (passes) note_progress();
        if (++moves % moves_per_turn == 0) co_await home_.core.reactor().next_turn();
    }
}

// What is passed on in one go: all there is or, with a close frame of ours due, the rest of the
// frame under way.
std::string_view tunnel::pass(net::stream const& from, std::string_view ready) noexcept {
    if (!framed_) return ready;
    bool const to_upstream = &from == &client_;
    if (!to_upstream && told_ && !closed_client_) {
        return ready.substr(0, from_upstream_.pass_frame(ready));
    }
    (to_upstream ? from_client_ : from_upstream_).pass(ready);
    return ready;
}

// Both sides may be closing already by themselves; then there is nothing to add.
bool tunnel::closes_client() const noexcept {
    return told_ && framed_ && !closed_client_ && from_upstream_.at_boundary() &&
           !from_upstream_.close_seen();
}

// What the gateway has to say to the client now; mostly nothing.
std::string_view tunnel::due_frame(bool may_ping) {
    if (closes_client()) {
        closed_client_ = true;
        return http::going_away;
    }
    if (heartbeat_ == nullptr || beat_.running()) return {};
    await_beat();
    // No frame follows a close frame, and in the midst of one nobody can say anything.
    bool const pings = may_ping && !told_ && from_upstream_.at_boundary() &&
                       !from_upstream_.close_seen() && !from_client_.close_seen();
    if (!pings) return {};
    home_.counters.heartbeat_sent(observe::heartbeat::web_socket);
    return http::ping;
}

// Its end wakes the pump to the client.
void tunnel::await_beat() {
    if (heartbeat_ == nullptr) return;
    beat_.start(
        *heartbeat_, home_.core.now(), upstream_, runtime::deadline::side::read, cause::none);
}

// The client left without an answer to our close frame, so its upstream hears it from us, as far as
// the kernel takes it at once. Only where the bytes to the upstream have been written.
void tunnel::tell_upstream() noexcept {
    if (!from_client_.at_boundary() || from_client_.close_seen()) return;
    std::array<char, 8> const frame = http::masked_going_away(home_.random());
    std::array<iovec, 1> pieces{net::piece(frame.data(), frame.size())};
    static_cast<void>(upstream_.try_write(pieces));
}

// A tunnel that is being closed has no more time however busy it is.
void tunnel::note_progress() {
    if (idle_.running() && !told_) idle_.renew(home_.core.now());
    await_beat();
}

observe::farewell tunnel::farewell() const noexcept {
    using enum observe::farewell;
    if (!closed_client_ && !from_upstream_.close_seen()) return unannounced;
    return from_client_.close_seen() ? answered : unanswered;
}

// An orderly end is passed on and the other direction goes on; anything else ends both.
void tunnel::source_ended(net::stream& from, net::stream& to, net::io_status status) {
    if (told_ && framed_ && &from == &client_) tell_upstream();
    if (status == net::io_status::closed) {
        to.shutdown_write();
    } else if (status == net::io_status::aborted) {
        end_both(
            client_.read_abort() != cause::none ? client_.read_abort() : upstream_.read_abort());
    } else {
        end_both(&from == &client_ ? cause::client_closed : cause::upstream_reset);
    }
}

void tunnel::sink_failed(net::stream& to, net::io_status status) {
    if (status == net::io_status::aborted) {
        end_both(
            client_.write_abort() != cause::none ? client_.write_abort() : upstream_.write_abort());
    } else {
        end_both(&to == &client_ ? cause::client_closed : cause::upstream_reset);
    }
}

void tunnel::end_both(cause why) {
    if (why_ == cause::none) why_ = why;
    client_.abort(why);
    upstream_.abort(why);
}

}  // namespace gateway::proxy

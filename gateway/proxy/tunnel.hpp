// SPDX-License-Identifier: Apache-2.0
// Bytes both ways after an upgrade, until both sides have ended or neither has sent for too long.
// A side's end travels as an end (half-close). An idle tunnel holds no buffer.
//
// Of a WebSocket the tunnel knows where frames end, so that a drain can end it as its protocol
// wants: 1001 to the client, whose own close frame then tells the upstream. And that it can put a
// ping between two of them when both sides have been quiet. The client's pong travels on to the
// upstream, which owes a pong that it did not ask for no answer (RFC 6455 5.5.3): so all that the
// client sends arrives, and a WebSocket whose client answers is idle for nobody on the way. A ping
// of the upstream's own is answered before ours is due, for its bytes begin the wait anew.
#pragma once

#include "base/error.hpp"
#include "http/web_socket.hpp"
#include "net/stream.hpp"
#include "proxy/shard.hpp"
#include "runtime/task.hpp"

#include <string_view>

namespace gateway::proxy {

class tunnel {
public:
    enum class kind : std::uint8_t { bytes, web_socket };

    // `heartbeat`: how long a WebSocket may be quiet before a ping; null: no pings.
    tunnel(
        shard& home,
        kind what,
        runtime::deadline_list& idle,
        runtime::deadline_list* heartbeat,
        net::stream& client,
        net::stream& upstream) noexcept;
    ~tunnel();
    tunnel(tunnel const&) = delete;
    tunnel& operator=(tunnel const&) = delete;

    // The views are bytes already read from each side. Gives why it ended early, or none.
    runtime::task<cause> run(std::string_view from_client, std::string_view from_upstream);

    // For a drain: a WebSocket gets its close frame and a short time to answer it, any other
    // tunnel ends here. Once.
    void go_away();
    bool was_told() const noexcept { return told_; }
    // Frames are known, so that the end can be announced.
    bool is_framed() const noexcept {
        return framed_ && !from_client_.lost() && !from_upstream_.lost();
    }

private:
    friend class shard;

    runtime::task<void> pump(net::stream& from, net::stream& to, std::string_view ready);
    std::string_view pass(net::stream const& from, std::string_view ready) noexcept;
    bool closes_client() const noexcept;
    std::string_view due_frame(bool may_ping);
    void tell_upstream() noexcept;
    void note_progress();
    void await_beat();
    void source_ended(net::stream& from, net::stream& to, net::io_status status);
    void sink_failed(net::stream& to, net::io_status status);
    void end_both(cause why);
    observe::farewell farewell() const noexcept;

    shard& home_;
    net::stream& client_;
    net::stream& upstream_;
    runtime::deadline_list& idle_time_;
    runtime::deadline idle_;
    runtime::deadline beat_;
    runtime::deadline_list* const heartbeat_;
    http::web_socket_frames from_client_{http::web_socket_frames::sender::client};
    http::web_socket_frames from_upstream_{http::web_socket_frames::sender::server};
    cause why_ = cause::none;
    bool const framed_;
    bool told_ = false;
    bool closed_client_ = false;  // our close frame is out: nothing may follow it
    tunnel* previous_ = nullptr;
    tunnel* next_ = nullptr;
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// One client's HTTP/1.1 connection to a demo origin: heads and bodies in both directions, framing,
// and its deadline. Endpoints talk to this class and never to a socket.
//
// A client that leaves, stalls past the deadline or breaks the protocol ends the coroutine by
// exception (boost::system::system_error): no endpoint has anything to save then. This is a demo's
// freedom; the gateway's own data path returns its errors.
#pragma once

#include "base/units.hpp"
#include "demo/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gateway::demo {

template <class T = void>
using awaitable = boost::asio::awaitable<T>;
using tcp = boost::asio::ip::tcp;

inline constexpr std::size_t head_bytes_max = 64 * 1024;
inline constexpr std::size_t piece_bytes = 64 * 1024;  // what one read or write of a body moves

// Lives on the origin's thread, in the frame of its coroutine.
class connection {
public:
    // `server` is the Server field of its answers and must outlive it. `idle` bounds every wait for
    // the client.
    connection(tcp::socket socket, std::string_view server, milliseconds idle);
    ~connection();
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    // False when there is no further request. What cannot be a request is answered here.
    awaitable<bool> read_head();
    demo::request const& request() const noexcept { return request_; }

    // Sends 100 Continue when the client waits for it (RFC 9110 10.1.1). Must come before `begin`
    // where the body is read after it; `read_body` implies it.
    awaitable<void> invite_body();
    // At least one byte of the request's body; 0 at its end.
    awaitable<std::size_t> read_body(std::span<char> room);

    awaitable<void> interim(response const& answer);  // 1xx
    awaitable<void> reply(response const& answer, std::string_view body = {});
    // A body in pieces; `length` when it is known.
    awaitable<void> begin(response const& answer, std::optional<std::uint64_t> length = {});
    awaitable<void> write(std::string_view piece);
    awaitable<void> end();

    // After an answer: true when another request may follow.
    awaitable<bool> settle();

    // Waits for the time to pass; ends like any other wait when the client leaves first.
    awaitable<void> pause(milliseconds duration);

    // For what follows a 101. The deadline no longer holds; `abort` still works.
    tcp::socket& take_over() noexcept;
    bool sent_ahead() const noexcept;  // did bytes follow the head already?

    // The answer that follows is this connection's last and says so.
    void close_after_answer() noexcept { last_ = true; }
    bool is_idle() const noexcept { return idle_now_; }  // between two requests

    time_point deadline() const noexcept { return deadline_; }
    void abort() noexcept;  // everything awaited fails now

private:
    struct incoming;

    void touch() noexcept { deadline_ = clock::now() + idle_; }
    void take_request();
    bool body_is_read() const;
    awaitable<bool> discard_body();
    awaitable<void> linger();
    awaitable<void> send(std::string_view bytes);
    awaitable<void> refuse(unsigned status);

    tcp::socket socket_;
    boost::asio::steady_timer timer_;
    std::string_view server_;
    milliseconds idle_;
    time_point deadline_;
    std::unique_ptr<incoming> incoming_;
    demo::request request_;
    body_framing framing_;
    bool keep_alive_ = false;
    bool last_ = false;
    bool idle_now_ = false;
    bool wants_invitation_ = false;
};

}  // namespace gateway::demo

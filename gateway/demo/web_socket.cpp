// SPDX-License-Identifier: Apache-2.0
#include "demo/answers.hpp"
#include "demo/echo.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace gateway::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t message_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t kept_bytes_max = 64 * 1024;  // of the buffer, between messages

http::request<http::empty_body> as_beast(request const& asked) {
    http::request<http::empty_body> out;
    out.method_string({asked.method.data(), asked.method.size()});
    out.target({asked.target.data(), asked.target.size()});
    out.version(10 + asked.minor_version);
    for (auto const& [name, value] : asked.fields) {
        out.insert({name.data(), name.size()}, beast::string_view(value.data(), value.size()));
    }
    return out;
}

}  // namespace

awaitable<void> answer_web_socket(connection& client) {
    auto const opening = as_beast(client.request());
    if (!websocket::is_upgrade(opening)) {
        response answer;
        answer.status = 426;
        answer.set("Upgrade", "websocket").set("Connection", "Upgrade");
        co_await client.reply(answer, "this is a WebSocket\n");
        co_return;
    }
    // The client must wait for the 101 before it sends (RFC 6455 4.1).
    if (client.sent_ahead()) {
        co_await reply_problem(client, 400, "data before the handshake has ended");
        co_return;
    }
    // Without compression, whose code takes long to compile and which would be off anyway.
    websocket::stream<tcp::socket&, false> socket(client.take_over());
    // Pings notice a client that is gone without a word.
    socket.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    socket.read_message_max(message_bytes_max);
    socket.auto_fragment(false);
    auto [error] = co_await socket.async_accept(opening, no_throw);
    beast::flat_buffer message;
    while (!error) {
        std::size_t size = 0;
        std::tie(error, size) = co_await socket.async_read(message, no_throw);
        if (error) break;
        socket.text(socket.got_text());
        std::tie(error, size) = co_await socket.async_write(message.cdata(), no_throw);
        message.clear();
        if (message.capacity() > kept_bytes_max) message.shrink_to_fit();
    }
}

}  // namespace gateway::demo

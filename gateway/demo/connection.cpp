// SPDX-License-Identifier: Apache-2.0
#include "demo/connection.hpp"

#include "http/error_reply.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <array>
#include <charconv>
#include <ctime>

namespace gateway::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t discarded_body_bytes_max = 64 * 1024;
constexpr std::size_t lingering_bytes_max = 64 * 1024 * 1024;
constexpr milliseconds lingering_time_max = 2s;

}  // namespace

struct connection::incoming {
    // One head and one read of a body at most.
    beast::flat_buffer buffer{head_bytes_max + piece_bytes};
    std::optional<http::request_parser<http::buffer_body>> parser;
};

connection::connection(tcp::socket socket, std::string_view server, milliseconds idle)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      server_(server),
      idle_(idle),
      incoming_(std::make_unique<incoming>()) {
    touch();
}

connection::~connection() = default;

awaitable<bool> connection::read_head() {
    auto& parser = incoming_->parser.emplace();
    parser.header_limit(head_bytes_max);
    parser.body_limit(boost::none);
    touch();
    idle_now_ = true;
    auto const [error, size] =
        co_await http::async_read_header(socket_, incoming_->buffer, parser, no_throw);
    idle_now_ = false;
    if (!error) {
        take_request();
        co_return true;
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        co_await refuse(431);
    } else if (
        error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
        co_await refuse(400);
    }
    co_return false;
}

void connection::take_request() {
    auto const& head = incoming_->parser->get();
    request_ = {};
    request_.method = head.method_string();
    request_.target = head.target();
    request_.minor_version = head.version() % 10;
    for (auto const& one : head) request_.fields.emplace_back(one.name_string(), one.value());
    request_.chunked = incoming_->parser->chunked();
    if (auto const length = incoming_->parser->content_length()) request_.length = *length;
    request_.keep_alive = incoming_->parser->keep_alive();
    keep_alive_ = request_.keep_alive;
    wants_invitation_ = request_.has_body() && request_.minor_version > 0 &&
                        lists_token(request_.find("Expect"), "100-continue");
}

bool connection::body_is_read() const { return incoming_->parser->is_done(); }

awaitable<void> connection::refuse(unsigned status) {
    request_ = {};
    keep_alive_ = false;
    wants_invitation_ = false;
    response answer{.status = status, .fields = {{"Content-Type", "application/json"}}};
    auto const body = R"({"error":")" + std::string(gateway::http::reason_phrase(status)) + "\"}\n";
    co_await begin(answer, body.size());
    co_await write(body);
    co_await linger();
}

awaitable<void> connection::invite_body() {
    if (!wants_invitation_) co_return;
    wants_invitation_ = false;
    co_await send("HTTP/1.1 100 Continue\r\n\r\n");
}

awaitable<std::size_t> connection::read_body(std::span<char> room) {
    co_await invite_body();
    auto& parser = *incoming_->parser;
    while (!parser.is_done()) {
        auto& body = parser.get().body();
        body.data = room.data();
        body.size = room.size();
        touch();
        auto const [error, size] =
            co_await http::async_read_some(socket_, incoming_->buffer, parser, no_throw);
        if (error && error != http::error::need_buffer) throw boost::system::system_error(error);
        auto const taken = room.size() - parser.get().body().size;
        if (taken > 0) co_return taken;
    }
    co_return 0;
}

awaitable<void> connection::interim(response const& answer) {
    // HTTP/1.0 clients do not know 1xx (RFC 9110 15.2).
    if (request_.minor_version == 0) co_return;
    co_await send(head_text(answer, {}, {}));
}

awaitable<void> connection::reply(response const& answer, std::string_view body) {
    // Not `if (!co_await ...)`: g++ 12.2 loses the frame's state there.
    auto const body_is_gone = co_await discard_body();
    if (!body_is_gone) keep_alive_ = false;
    co_await begin(answer, body.size());
    co_await write(body);
    co_await end();
}

awaitable<void> connection::begin(response const& answer, std::optional<std::uint64_t> length) {
    framing_ = framing_of(request_, answer.status, length);
    if (framing_.end == body_end::close || last_) keep_alive_ = false;
    head_context const context{
        .server = server_,
        .now = std::time(nullptr),
        .minor_version = request_.minor_version,
        .keep_alive = keep_alive_};
    co_await send(head_text(answer, framing_, context));
}

awaitable<void> connection::write(std::string_view piece) {
    // An empty chunk would end the body.
    if (framing_.muted || framing_.end == body_end::none || piece.empty()) co_return;
    touch();
    if (framing_.end != body_end::chunked) {
        co_await asio::async_write(socket_, asio::buffer(piece), asio::use_awaitable);
        co_return;
    }
    std::array<char, 20> size{};
    auto* const last = std::to_chars(size.data(), size.data() + 16, piece.size(), 16).ptr;
    last[0] = '\r';
    last[1] = '\n';
    auto const size_bytes = static_cast<std::size_t>(last - size.data()) + 2;
    std::array<asio::const_buffer, 3> const chunk{
        asio::buffer(size.data(), size_bytes), asio::buffer(piece), asio::buffer("\r\n", 2)};
    co_await asio::async_write(socket_, chunk, asio::use_awaitable);
}

awaitable<void> connection::end() {
    if (framing_.end == body_end::chunked && !framing_.muted) co_await send("0\r\n\r\n");
}

// A short body that nobody asked for is read away, so that the connection can be kept.
awaitable<bool> connection::discard_body() {
    if (body_is_read()) co_return true;
    // The client may never send it once it has its answer (RFC 9110 10.1.1).
    if (wants_invitation_) co_return false;
    if (request_.length.value_or(0) > discarded_body_bytes_max) co_return false;
    std::array<char, 4096> room{};
    std::size_t seen = 0;
    while (seen <= discarded_body_bytes_max) {
        auto const size = co_await read_body(room);
        if (size == 0) co_return true;
        seen += size;
    }
    co_return false;
}

awaitable<bool> connection::settle() {
    if (body_is_read() && keep_alive_) co_return true;
    co_await linger();
    co_return false;
}

// Closing a socket that holds unread bytes resets the connection and may take the answer with it
// (RFC 9112 9.6), so the rest is read away first, for a while.
awaitable<void> connection::linger() {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    deadline_ = clock::now() + std::min(idle_, lingering_time_max);
    std::array<char, 4096> room{};
    std::size_t seen = 0;
    while (seen < lingering_bytes_max) {
        auto const [error, size] = co_await socket_.async_read_some(asio::buffer(room), no_throw);
        if (error) co_return;
        seen += size;
    }
}

awaitable<void> connection::pause(milliseconds duration) {
    // An aborted connection starts no further wait.
    if (!socket_.is_open()) throw boost::system::system_error(asio::error::operation_aborted);
    auto const until = clock::now() + duration;
    deadline_ = until + idle_;
    timer_.expires_at(until);
    auto waits = asio::experimental::make_parallel_group(
        timer_.async_wait(asio::deferred),
        socket_.async_wait(tcp::socket::wait_read, asio::deferred));
    auto const [order, timer_error, socket_error] =
        co_await waits.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    auto const first = order[0] == 0 ? timer_error : socket_error;
    if (first) throw boost::system::system_error(first);
    if (order[0] == 0) co_return;
    // Readable: either the client has left, which throws here, or it has pipelined its next
    // request, which waits for its turn.
    char next = 0;
    socket_.receive(asio::buffer(&next, 1), tcp::socket::message_peek);
    co_await timer_.async_wait(asio::use_awaitable);
}

tcp::socket& connection::take_over() noexcept {
    deadline_ = time_point::max();
    return socket_;
}

bool connection::sent_ahead() const noexcept { return incoming_->buffer.size() > 0; }

awaitable<void> connection::send(std::string_view bytes) {
    touch();
    co_await asio::async_write(socket_, asio::buffer(bytes), asio::use_awaitable);
}

void connection::abort() noexcept {
    boost::system::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
}

}  // namespace gateway::demo

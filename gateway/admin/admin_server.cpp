// SPDX-License-Identifier: Apache-2.0
#include "admin/admin_server.hpp"

#include "base/units.hpp"
#include "net/address.hpp"
#include "observe/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// g++ 12 sees Asio's pairing of aligned_alloc and free in a coroutine's frame as a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace gateway::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::size_t connections_max = 32;
constexpr std::size_t header_bytes_max = 8_KiB;
constexpr std::size_t first_read_bytes = 2_KiB;
constexpr auto message_timeout = 10s;  // a request's head from its first byte; a whole response
constexpr auto closing_timeout = 1s;
constexpr std::size_t closing_bytes_max = 64_KiB;
constexpr auto idle_timeout = 75s;
constexpr auto pause_after_failed_accept = 100ms;

constexpr auto as_result = asio::as_tuple(asio::deferred);

constexpr std::string_view index_text =
    "The gateway's admin listener.\n"
    "\n"
    "/metrics  counters, in the Prometheus text format or as OpenMetrics\n"
    "/livez    200 while the process is alive\n"
    "/readyz   200 while it takes new requests, otherwise 503 and the reason\n";

tcp::endpoint endpoint_of(settings::host_port const& from) {
    auto const address = net::address::from_literal(from.host, from.port);
    if (!address) {
        throw std::system_error{
            std::make_error_code(std::errc::invalid_argument),
            "the admin address must be a literal IP address, not \"" + from.host + '"'};
    }
    tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), address->raw(), address->raw_size());
    endpoint.resize(address->raw_size());
    return endpoint;
}

// The client's bytes were wrong, as opposed to its connection.
bool is_http_error(boost::system::error_code const& error) {
    return error.category() == make_error_code(http::error::bad_version).category();
}

// By hand, because Beast's serializer is most of what this file takes to compile.
std::string head_of(http::response<http::string_body> const& response) {
    std::string text = "HTTP/1.1 " + std::to_string(response.result_int()) + ' ';
    auto const append = [&](beast::string_view words) { text.append(words.data(), words.size()); };
    append(response.reason());
    for (auto const& field : response) {
        text += "\r\n";
        append(field.name_string());
        text += ": ";
        append(field.value());
    }
    return text += "\r\n\r\n";
}

tcp::acceptor listen_on(asio::io_context& context, tcp::endpoint const& endpoint) {
    try {
        return tcp::acceptor{context, endpoint};  // with SO_REUSEADDR
    } catch (boost::system::system_error const& problem) {
        std::ostringstream text;
        text << "cannot listen for admin requests on " << endpoint;
        throw std::system_error{problem.code(), text.str()};
    }
}

}  // namespace

class admin_server::service {
public:
    service(asio::io_context& context, settings::host_port const& address, admin_sources sources)
        : acceptor_{listen_on(context, endpoint_of(address))}, sources_{std::move(sources)} {}

    std::uint16_t port() const { return port_; }
    tcp::acceptor::executor_type executor() { return acceptor_.get_executor(); }

    static asio::awaitable<void> accept(std::shared_ptr<service> self);
    void stop();

private:
    using reply = http::response<http::string_body>;

    static asio::awaitable<void> serve(std::shared_ptr<service> self, tcp::socket socket);
    asio::awaitable<void> answer_all(beast::tcp_stream& client);
    static asio::awaitable<void> close_gently(beast::tcp_stream& client);
    reply answer(http::request<http::empty_body> const& request) const;
    reply answer_path(std::string_view path, std::string_view accept) const;

    tcp::acceptor acceptor_;
    std::uint16_t port_ = acceptor_.local_endpoint().port();
    admin_sources sources_;
    std::vector<beast::tcp_stream*> clients_;  // at most connections_max
    bool stopped_ = false;
};

asio::awaitable<void> admin_server::service::accept(std::shared_ptr<service> self) {
    auto const executor = self->acceptor_.get_executor();
    asio::steady_timer pause{executor};
    while (!self->stopped_) {
        auto [error, socket] = co_await self->acceptor_.async_accept(as_result);
        if (self->stopped_) co_return;
        if (error) {
            // Out of descriptors, most likely, and then accept would fail again at once.
            observe::log_warn("admin: cannot accept a connection: {}", error.message());
            pause.expires_after(pause_after_failed_accept);
            co_await pause.async_wait(as_result);
            continue;
        }
        if (self->clients_.size() == connections_max) continue;  // closes it
        asio::co_spawn(executor, serve(self, std::move(socket)), asio::detached);
    }
}

asio::awaitable<void> admin_server::service::serve(
    std::shared_ptr<service> self, tcp::socket socket) {
    beast::tcp_stream client{std::move(socket)};
    self->clients_.push_back(&client);
    try {
        co_await self->answer_all(client);
    } catch (std::exception const& problem) {
        observe::log_warn("admin: a connection ended: {}", problem.what());
    }
    std::erase(self->clients_, &client);
}

asio::awaitable<void> admin_server::service::answer_all(beast::tcp_stream& client) {
    beast::flat_buffer buffer{header_bytes_max};
    while (!stopped_) {
        http::request_parser<http::empty_body> parser;
        parser.header_limit(header_bytes_max);
        if (buffer.size() == 0) {
            client.expires_after(idle_timeout);
            auto [closed, first] =
                co_await client.async_read_some(buffer.prepare(first_read_bytes), as_result);
            if (closed || stopped_) co_return;
            buffer.commit(first);
        }
        client.expires_after(message_timeout);
        auto [error, rest] = co_await http::async_read(client, buffer, parser, as_result);
        bool const malformed = is_http_error(error);
        if (stopped_ || (error && !malformed)) co_return;

        auto response = malformed ? reply{http::status::bad_request, 11} : answer(parser.get());
        bool const keep = !malformed && parser.get().keep_alive();
        response.keep_alive(keep);
        bool const head_only = !malformed && parser.get().method() == http::verb::head;
        auto const head = head_of(response);
        std::string_view const body = head_only ? std::string_view{} : response.body();
        std::array const pieces{asio::buffer(head), asio::buffer(body)};
        client.expires_after(message_timeout);
        auto const [failed, size] = co_await asio::async_write(client, pieces, as_result);
        if (failed) co_return;
        if (malformed) co_return co_await close_gently(client);
        if (!keep) co_return;
    }
}

// A close with bytes unread would reset the connection, and the client might lose the answer that
// is still on its way (RFC 9112 9.6).
asio::awaitable<void> admin_server::service::close_gently(beast::tcp_stream& client) {
    boost::system::error_code ignored;
    client.socket().shutdown(tcp::socket::shutdown_send, ignored);
    client.expires_after(closing_timeout);
    std::array<char, 4_KiB> rest;
    for (std::size_t unread = 0; unread < closing_bytes_max;) {
        auto [error, read] = co_await client.async_read_some(asio::buffer(rest), as_result);
        if (error) co_return;
        unread += read;
    }
}

admin_server::service::reply admin_server::service::answer(
    http::request<http::empty_body> const& request) const {
    reply response;
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        response.result(http::status::method_not_allowed);
        response.set(http::field::allow, "GET, HEAD");
        response.body() = "Only GET and HEAD are answered here.\n";
    } else {
        std::string_view const target{request.target().data(), request.target().size()};
        try {
            auto const accept = request[http::field::accept];
            response =
                answer_path(target.substr(0, target.find('?')), {accept.data(), accept.size()});
        } catch (std::exception const& problem) {
            observe::log_error("admin: {} failed: {}", target, problem.what());
            response = reply{};
            response.result(http::status::internal_server_error);
            response.body() = "The gateway failed; its log says why.\n";
        }
    }
    response.version(11);
    response.set(http::field::cache_control, "no-store");
    if (!response.count(http::field::content_type)) {
        response.set(http::field::content_type, "text/plain; charset=utf-8");
    }
    response.content_length(response.body().size());
    return response;
}

admin_server::service::reply admin_server::service::answer_path(
    std::string_view path, std::string_view accept) const {
    reply response{http::status::ok, 11};
    if (path == "/metrics") {
        auto [type, body] = sources_.metrics(accept);
        response.set(http::field::content_type, {type.data(), type.size()});
        response.body() = std::move(body);
    } else if (path == "/livez") {
        bool const live = sources_.live();
        if (!live) response.result(http::status::service_unavailable);
        response.body() = live ? "live\n" : "not live\n";
    } else if (path == "/readyz") {
        auto const [ok, detail] = sources_.ready();
        if (!ok) response.result(http::status::service_unavailable);
        response.body() = (detail.empty() ? (ok ? "ready" : "not ready") : detail) + '\n';
    } else if (path == "/") {
        response.body() = index_text;
    } else {
        response.result(http::status::not_found);
        response.body() = "Nothing is here; / says what is.\n";
    }
    return response;
}

void admin_server::service::stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto* client : clients_) client->close();
}

admin_server::admin_server(
    asio::io_context& context, settings::host_port const& address, admin_sources sources)
    : service_{std::make_shared<service>(context, address, std::move(sources))} {}

admin_server::~admin_server() { stop(); }

void admin_server::start() {
    asio::co_spawn(service_->executor(), service::accept(service_), asio::detached);
}

std::uint16_t admin_server::port() const { return service_->port(); }

void admin_server::stop() { service_->stop(); }

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
#include "admin/admin_server.hpp"

#include "admin/admin_socket.hpp"
#include "base/units.hpp"
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
#include <exception>
#include <optional>
#include <string>
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

constexpr std::size_t streams_max = 8;
constexpr auto answer_timeout = 3s;  // for a page that has to ask others

std::string_view text_of(boost::string_view text) { return {text.data(), text.size()}; }

// The target without its query.
std::string_view path_of(boost::string_view target) {
    return text_of(target).substr(0, target.find('?'));
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

}  // namespace

class admin_server::service {
public:
    service(
        asio::io_context& context,
        settings::host_port const& address,
        admin_sources sources,
        std::optional<int> handed)
        : acceptor_{open_acceptor(context, address, handed)}, sources_{std::move(sources)} {}
    ~service() { close_acceptor(acceptor_); }

    std::uint16_t port() const { return port_; }
    int descriptor() { return acceptor_.native_handle(); }
    std::size_t listeners() const noexcept { return streams_; }
    void tell(std::string event);
    tcp::acceptor::executor_type executor() { return acceptor_.get_executor(); }

    static asio::awaitable<void> accept(std::shared_ptr<service> self);
    void stop();

private:
    using reply = http::response<http::string_body>;

    using request = http::request<http::empty_body>;
    // Filled by whoever answers. It is the asker's: whoever answers later, or holds the question
    // beyond the end of the context, finds nobody.
    struct pending {
        explicit pending(tcp::acceptor::executor_type const& executor) : given{executor} {}
        std::optional<admin_reply> answer;
        asio::steady_timer given;
    };

    static asio::awaitable<void> serve(std::shared_ptr<service> self, tcp::socket socket);
    bool make_room();
    asio::awaitable<void> answer_all(beast::tcp_stream& client);
    static asio::awaitable<void> close_gently(beast::tcp_stream& client);
    static asio::awaitable<bool> send(beast::tcp_stream& client, reply& response, bool head_only);
    asio::awaitable<reply> answer(beast::tcp_stream& client, request const& asked);
    asio::awaitable<admin_reply> ask_page(admin_request const& asked);
    std::optional<admin_reply> answer_at_once(admin_request const& asked);
    asio::awaitable<void> stream(beast::tcp_stream& client);

    tcp::acceptor acceptor_;
    std::uint16_t port_ = acceptor_.local_endpoint().port();
    admin_sources sources_;
    std::vector<beast::tcp_stream*> clients_;  // connections_max, and those that are being closed
    std::vector<beast::tcp_stream*> idle_;     // of these; the one idle for longest first
    std::size_t streams_ = 0;
    std::shared_ptr<std::string const> event_;
    std::uint64_t events_told_ = 0;
    asio::steady_timer news_{acceptor_.get_executor(), asio::steady_timer::time_point::max()};
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
        if (self->clients_.size() >= connections_max && !self->make_room()) continue;  // closes it
        asio::co_spawn(executor, serve(self, std::move(socket)), asio::detached);
    }
}

// Whoever holds connections and says nothing must not keep out a health check.
bool admin_server::service::make_room() {
    if (idle_.empty()) return false;
    idle_.front()->close();
    idle_.erase(idle_.begin());
    return true;
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
            idle_.push_back(&client);
            auto [closed, first] =
                co_await client.async_read_some(buffer.prepare(first_read_bytes), as_result);
            std::erase(idle_, &client);
            if (closed || stopped_) co_return;
            buffer.commit(first);
        }
        client.expires_after(message_timeout);
        auto [error, rest] = co_await http::async_read(client, buffer, parser, as_result);
        bool const malformed = is_http_error(error);
        if (stopped_ || (error && !malformed)) co_return;

        bool const events = !malformed && sources_.first_event &&
                            parser.get().method() == http::verb::get &&
                            path_of(parser.get().target()) == "/events" && streams_ < streams_max;
        if (events) co_return co_await stream(client);
        reply response{http::status::bad_request, 11};
        if (!malformed) response = co_await answer(client, parser.get());
        if (stopped_) co_return;
        bool const keep = !malformed && parser.get().keep_alive();
        response.keep_alive(keep);
        bool const head_only = !malformed && parser.get().method() == http::verb::head;
        bool const sent = co_await send(client, response, head_only);
        if (!sent) co_return;
        if (malformed) co_return co_await close_gently(client);
        if (!keep) co_return;
    }
}

asio::awaitable<bool> admin_server::service::send(
    beast::tcp_stream& client, reply& response, bool head_only) {
    auto const head = head_of(response);
    std::string_view const body = head_only ? std::string_view{} : response.body();
    std::array const pieces{asio::buffer(head), asio::buffer(body)};
    client.expires_after(message_timeout);
    auto const [failed, size] = co_await asio::async_write(client, pieces, as_result);
    co_return !failed;
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

asio::awaitable<admin_server::service::reply> admin_server::service::answer(
    beast::tcp_stream& client, request const& from) {
    admin_request asked;
    asked.method = text_of(from.method_string());
    asked.path = path_of(from.target());
    asked.query =
        text_of(from.target()).substr(std::min(asked.path.size() + 1, from.target().size()));
    asked.host = text_of(from[http::field::host]);
    asked.origin = text_of(from[http::field::origin]);
    asked.fetch_site = text_of(from["Sec-Fetch-Site"]);
    asked.authorization = text_of(from[http::field::authorization]);
    asked.accept = text_of(from[http::field::accept]);
    boost::system::error_code gone;
    auto const peer = client.socket().remote_endpoint(gone);
    if (!gone) asked.client = peer.address().to_string();

    std::optional<admin_reply> made;
    std::string failed;
    try {
        made = answer_at_once(asked);
        if (!made) made = co_await ask_page(asked);
    } catch (std::exception const& problem) {
        failed = problem.what();
    }
    if (!made) {
        observe::log_error("admin: {} failed: {}", asked.path, failed);
        made = refusal(500, "The gateway failed; its log says why.");
    }
    reply response{static_cast<http::status>(made->status), 11};
    response.set(http::field::cache_control, "no-store");
    response.set(http::field::content_type, {made->type.data(), made->type.size()});
    response.set("X-Content-Type-Options", "nosniff");
    for (auto const& [name, value] : made->fields) {
        response.set(boost::string_view{name.data(), name.size()}, value);
    }
    response.body() = std::move(made->body);
    response.content_length(response.body().size());
    co_return response;
}

// Nothing when `page` has to be asked.
std::optional<admin_reply> admin_server::service::answer_at_once(admin_request const& asked) {
    bool const metrics = asked.path == "/metrics";
    bool const live = asked.path == "/livez";
    bool const events = asked.path == "/events" && sources_.first_event;
    bool const own = metrics || live || events || asked.path == "/readyz";
    if (!own && sources_.page) return std::nullopt;
    if (!own) return refusal(404, "Nothing is here.");
    if (!asked.reads()) {
        admin_reply refused = refusal(405, "Only GET and HEAD are answered here.");
        refused.fields.emplace_back("Allow", "GET, HEAD");
        return refused;
    }
    if (metrics) {
        metrics_reply page = sources_.metrics(asked.accept);
        return admin_reply{.body = std::move(page.body), .type = page.content_type};
    }
    if (events) {
        return refusal(503, "Too many listen to the events already; close a dashboard.");
    }
    auto const [ok, detail] = live ? sources_.live() : sources_.ready();
    std::string const word = live ? "live" : "ready";
    return admin_reply{
        .status = ok ? 200U : 503U,
        .body = (detail.empty() ? (ok ? "" : "not ") + word : detail) + '\n'};
}

asio::awaitable<admin_reply> admin_server::service::ask_page(admin_request const& asked) {
    auto const waiting = std::make_shared<pending>(acceptor_.get_executor());
    waiting->given.expires_after(answer_timeout);
    sources_.page(asked, [asker = std::weak_ptr{waiting}](admin_reply told) {
        auto const present = asker.lock();
        if (!present) return;
        present->answer = std::move(told);
        present->given.cancel();
    });
    if (!waiting->answer) co_await waiting->given.async_wait(as_result);
    if (waiting->answer) co_return std::move(*waiting->answer);
    co_return refusal(503, "Nobody answered in time; /livez says which core is stuck.");
}

void admin_server::service::tell(std::string event) {
    event_ = std::make_shared<std::string const>(std::move(event));
    ++events_told_;
    news_.cancel();
}

// Ends with the connection: what comes next is told, whatever was missed is not.
asio::awaitable<void> admin_server::service::stream(beast::tcp_stream& client) {
    struct counted {
        explicit counted(std::size_t& count) : count_(count) { ++count_; }
        ~counted() { --count_; }
        counted(counted const&) = delete;
        counted& operator=(counted const&) = delete;
        std::size_t& count_;
    } const one_more{streams_};
    constexpr std::string_view head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 1000\n";
    std::string text = std::string{head} + "data: " + sources_.first_event() + "\n\n";
    std::uint64_t seen = events_told_;
    while (!stopped_) {
        client.expires_after(message_timeout);
        auto const [problem, size] =
            co_await asio::async_write(client, asio::buffer(text), as_result);
        if (problem) co_return;
        client.expires_never();
        while (seen == events_told_ && !stopped_) co_await news_.async_wait(as_result);
        seen = events_told_;
        if (event_) text = "data: " + *event_ + "\n\n";
    }
}

void admin_server::service::stop() {
    stopped_ = true;
    close_acceptor(acceptor_);
    news_.cancel();
    for (auto* client : clients_) client->close();
}

admin_server::admin_server(
    asio::io_context& context,
    settings::host_port const& address,
    admin_sources sources,
    std::optional<int> handed)
    : service_{std::make_shared<service>(context, address, std::move(sources), handed)} {}

admin_server::~admin_server() { stop(); }

void admin_server::start() {
    asio::co_spawn(service_->executor(), service::accept(service_), asio::detached);
}

std::uint16_t admin_server::port() const { return service_->port(); }

int admin_server::descriptor() const { return service_->descriptor(); }

std::size_t admin_server::listeners() const noexcept { return service_->listeners(); }

void admin_server::tell(std::string event) { service_->tell(std::move(event)); }

void admin_server::stop() { service_->stop(); }

}  // namespace gateway::admin

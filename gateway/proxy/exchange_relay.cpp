// SPDX-License-Identifier: Apache-2.0
// The response on its way to the client: head, body, or a tunnel.
#include "base/ascii.hpp"
#include "http/event_stream.hpp"
#include "http/persistence.hpp"
#include "net/timed_wait.hpp"
#include "proxy/exchange.hpp"
#include "proxy/header_filters.hpp"
#include "proxy/tunnel.hpp"

namespace gateway::proxy {

// What the response's head becomes on this client's connection.
void exchange::plan_response() {
    // No byte of the body is sent again from now on.
    using memory = replay_buffer::memory;
    replay_.give_up(request_body_task_.running() ? memory::stays : memory::goes);
    status_ = response_.status;
    bool const http_1_0 = request_.minor_version == 0;
    bool const endless = response_body_.kind == http::body_kind::until_close ||
                         response_body_.kind == http::body_kind::chunked;
    response_chunked_ = !http_1_0 && endless;
    close_delimited_ = http_1_0 && endless;
    if (close_delimited_ || home_.leaving()) keep_alive_ = false;
    // An upstream that refuses a body before its end (413, 401) leaves the rest unread.
    if (!request_body_read_ && status_ >= 400) keep_alive_ = false;
}

// The head's bytes in a block of their own; `out` writes there.
runtime::block exchange::build_response(http::head_writer& out) {
    settings::route const& route = *plan_->settings;
    runtime::block memory =
        lend_for_head(home_.core.blocks(), response_.size(), route.response_headers);
    out = http::head_writer{{memory.data(), memory.size()}};
    std::array<char, sticky_field_max> cookie;
    write_response(
        out, {.head = response_,
              .options = response_options_,
              .body = response_body_,
              .chunked = response_chunked_,
              .head_only = response_body_.kind == http::body_kind::none,
              .connection = status_ == 101 ? client_connection::upgrade
                            : keep_alive_  ? client_connection::keep_alive
                                           : client_connection::close,
              .http_1_0 = request_.minor_version == 0,
              .route = route,
              .request_id = request_id_,
              .date = response_.has(http::field_id::date) ? std::string_view{} : home_.date(),
              .set_cookie = sticky_cookie(cookie)});
    return memory;
}

// Tells a client without the right cookie which endpoint is its own from now on.
std::string_view exchange::sticky_cookie(std::array<char, sticky_field_max>& out) const noexcept {
    settings::balance const& how = upstream_->at.pool.settings().balance;
    if (how.method != settings::balance_method::sticky_cookie) return {};
    choice_key const asked = key_of(how, request_, target_, client_address_);
    if (asked.sticky == upstream_->at.identity) return {};
    return sticky_field(how, upstream_->at.identity, out);
}

// The whole body was read with the head, as most are: one write, no relay. False when relay() has
// to do the rest or all.
bool exchange::relay_in_hand() {
    plan_response();
    if (status_ == 101 || !is_in_hand()) return false;
    http::head_writer out{std::span<char>{}};
    runtime::block memory = build_response(out);
    if (out.overflowed()) return false;
    head_sent_ = true;
    std::array<iovec, 2> pieces{};
    std::span<iovec> const all = gather_in_hand(out, pieces);
    response_complete_ = response_read_ = true;
    net::io_status const status = net::write_all_now(session_.client, all);
    if (status == net::io_status::would_block) {
        unsent_.keep(std::move(memory), pieces);
        return false;
    }
    if (status != net::io_status::ok) client_failed(status);
    return true;
}

runtime::task<void> exchange::relay() {
    enter(observe::phase::responding);
    if (unsent_.any()) {
        co_await write_to_client(unsent_.pieces);
        unsent_.drop();
        co_return;
    }
    http::head_writer out{std::span<char>{}};
    runtime::block const memory = build_response(out);
    if (out.overflowed()) {
        co_await reply(cause::response_header_too_large);
        co_return;
    }
    if (status_ == 101) {
        head_sent_ = true;
        co_await run_tunnel(out.text());
    } else {
        co_await relay_body(out.text());
        // It broke before the head had gone: the client is still told why.
        if (response_fault_ != cause::none) co_await reply(response_fault_);
    }
}

bool exchange::is_in_hand() const noexcept {
    if (response_body_.kind == http::body_kind::none) return true;
    return response_body_.kind == http::body_kind::length &&
           response_bytes().size() >= response_body_.length;
}

// Head and body as what one write takes. A small body is copied behind the head: cheaper than a
// second piece that the kernel has to look at.
std::span<iovec> exchange::gather_in_hand(http::head_writer& head, std::array<iovec, 2>& pieces) {
    constexpr std::size_t copied_bytes_max = 2 * 1024;
    std::size_t const length =
        response_body_.kind == http::body_kind::length ? response_body_.length : 0;
    std::string_view const body = response_bytes().substr(0, length);
    response_begin_ += static_cast<std::uint32_t>(length);
    bool const copied = length <= copied_bytes_max && length <= head.room();
    if (copied) head.append(body);
    pieces[0] = net::piece(head.text().data(), head.text().size());
    pieces[1] = net::piece(body.data(), copied ? 0 : body.size());
    return {pieces.data(), copied ? 1U : 2U};
}

runtime::task<void> exchange::relay_body(std::string_view head) {
    std::optional<event_heartbeat> heart;
    bool const endless = response_chunked_ || close_delimited_;
    if (plan_->heartbeat != nullptr && endless && http::is_event_stream(response_)) {
        heart.emplace(event_heartbeat{*plan_->heartbeat, home_.counters});
    }
    body_relay relay{
        home_.core,
        home_.pipes,
        rules_->settings.limits.splice_threshold,
        {.from = upstream_->socket,
         .ready = response_bytes(),
         .framing = response_body_,
         .pace = *plan_->response_body,
         .late = cause::response_body_timeout,
         .hold = home_.bodies_held,
         .heart = heart ? &*heart : nullptr},
        {.to = session_.client,
         .chunked = response_chunked_,
         .edits = plan_->settings->response_headers,
         .pace = {home_.core, rules_->waits.write, cause::client_stalled}}};
    head_sent_ = true;
    relay_end const end = co_await relay.run(head);
    response_complete_ = response_read_ = end == relay_end::complete;
    response_begin_ = response_end_ - static_cast<std::uint32_t>(relay.left_over().size());
    if (relay.read_beyond_ready() && relay.left_over().empty()) response_begin_ = response_end_;
    if (end == relay_end::source_malformed && !relay.wrote_any()) {
        head_sent_ = false;
        response_fault_ = cause::response_malformed;
    } else if (end != relay_end::complete) {
        response_failed(end);
    }
}

// Part of the response is with the client, so it cannot be told by a status any more.
void exchange::response_failed(relay_end end) {
    cut_ = true;
    switch (end) {
        case relay_end::source_reset: why_ = cause::upstream_reset; break;
        case relay_end::source_malformed: why_ = cause::response_malformed; break;
        case relay_end::source_aborted: why_ = upstream_->socket.read_abort(); break;
        case relay_end::sink_aborted: why_ = session_.client.write_abort(); break;
        case relay_end::sink_closed: why_ = cause::client_closed; break;
        default: why_ = cause::response_truncated; break;
    }
    if (facts_of(why_).fault == source::downstream) client_gone_ = true;
}

runtime::task<void> exchange::run_tunnel(std::string_view head) {
    std::array<iovec, 1> pieces{net::piece(head.data(), head.size())};
    co_await write_to_client(pieces);
    if (client_gone_) co_return;
    session_.client.observe(nullptr);
    enter(observe::phase::tunnelling);
    bool const web_socket =
        ascii::equal_ignoring_case(response_.value_of(http::field_id::upgrade), "websocket");
    tunnel bytes{
        home_,
        web_socket ? tunnel::kind::web_socket : tunnel::kind::bytes,
        rules_->waits.tunnel_idle,
        plan_->heartbeat,
        session_.client,
        upstream_->socket};
    // It may last for days; no reload's leavings stay for it.
    if (!request_body_task_.running()) rules_.end();
    why_ = co_await bytes.run(session_.input.view(), response_bytes());
    input_used_ = session_.input.view().size();
    keep_alive_ = false;
    response_complete_ = true;
    tunnelled_ = true;
}

runtime::task<void> exchange::write_to_client(std::span<iovec> pieces) {
    net::io_status const status = co_await net::write_rest(
        session_.client, pieces, {home_.core, rules_->waits.write, cause::client_stalled});
    if (status != net::io_status::ok) client_failed(status);
}

void exchange::client_failed(net::io_status status) {
    client_gone_ = true;
    why_ = status == net::io_status::aborted ? session_.client.write_abort() : cause::client_closed;
}

// Ends the request body's relay if it still runs: the attempt failed, or the response came before
// the body's end. The client's connection stays readable.
// Only while the relay is running.
runtime::task<void> exchange::stop_request_body() {
    stopping_body_ = true;
    session_.client.abort_read(cause::upstream_closed);
    upstream_->socket.abort_write(cause::upstream_closed);
    co_await request_body_task_.join();
    session_.client.allow_read();
    stopping_body_ = false;
}

// Gives the upstream connection back, or closes it if anything about it is in doubt.
void exchange::release_upstream() {
    response_head_deadline_.stop();
    session_.upstream = nullptr;
    if (!upstream_) return;
    bool const reusable = response_read_ && !tunnelled_ && request_sent_ &&
                          response_body_.kind != http::body_kind::until_close &&
                          http::wants_keep_alive(response_, response_options_) &&
                          response_begin_ == response_end_;
    if (reusable) {
        upstream_.settle(response_.value_of(http::field_id::keep_alive));
    } else {
        upstream_.discard();
    }
}

}  // namespace gateway::proxy

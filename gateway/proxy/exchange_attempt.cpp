// SPDX-License-Identifier: Apache-2.0
// One attempt: a connection to an endpoint, the request over it, the head of the response.
#include "http/upgrade.hpp"
#include "net/timed_wait.hpp"
#include "proxy/exchange.hpp"
#include "proxy/header_filters.hpp"

#include <cstring>
#include <limits>

namespace gateway::proxy {
namespace {

// An upstream that never gets past interim responses must not hold the client for ever.
constexpr unsigned interim_max = 16;

}  // namespace

// Borrows a connection to the chosen endpoint; a new one is still to be connected.
void exchange::begin_attempt(retry_on where) {
    attempt_at_ =
        attempts_ == 0 && !waited_for_head_ && parked_for_.count() == 0 ? begun_at_ : clock::now();
    // Many a wait in the line has an attempt each.
    if (attempts_ != std::numeric_limits<std::uint8_t>::max()) ++attempts_;
    response_parser_.reset();
    interim_count_ = 0;
    response_begin_ = response_end_ = 0;
    home_.counters.attempt_begun(pool_->index());
    if (where == retry_on::any_connection || where == retry_on::later)
        upstream_ = pool_->lend_idle(*endpoint_);
    reused_ = static_cast<bool>(upstream_);
    if (!reused_) upstream_ = pool_->lend_new(*endpoint_);
    session_.upstream = &upstream_->socket;
    begin_attempt_trace();
}

// For the mirror's upstream as well, which differs in its Host only.
runtime::block exchange::build_request(
    std::size_t& size, upstream_pool const& to, std::size_t body_bytes) {
    settings::route const& route = *plan_->settings;
    runtime::block memory =
        lend_for_head(home_.core.blocks(), request_.size() + body_bytes, route.request_headers);
    http::head_writer out{{memory.data(), memory.size() - body_bytes}};
    std::string_view const peer_text = client_address_ == session_.peer
                                           ? client_text_
                                           : http::print_address(session_.peer, peer_text_buffer_);
    write_request(
        out, {.head = request_,
              .options = request_options_,
              .target = target_,
              .body = request_body_,
              .route = route,
              .host = to.settings().host,
              .fallback_host = endpoint_->text,
              .peer_text = peer_text,
              .client_text = client_text_,
              .request_id = request_id_,
              .local_port = session_.local_port,
              .trusted_peer = trusted_peer_,
              .upgrade = upgrade_,
              .via = rules_->settings.forwarding.via,
              .max_forwards = max_forwards_,
              .trace = trace_.takes_part ? &trace_ : nullptr});
    size = out.overflowed() ? 0 : out.size();
    return memory;
}

// What the kernel does not take at once stays in unsent_, for send_rest.
cause exchange::send_request() {
    sent_before_ = upstream_->socket.send_mark();
    std::size_t size = 0;
    runtime::block memory = build_request(size, *pool_, 0);
    if (size == 0) return cause::header_too_large;

    std::string_view const ready = body_in_hand();
    bool const known = request_body_.kind != http::body_kind::chunked;
    if (!known || ready.size() < request_body_.length) {
        // The body follows at the client's pace while we listen for the response already.
        enter(observe::phase::sending);
        request_body_task_.start(send_request_body(std::move(memory), size));
        return cause::none;
    }
    input_used_ = body_beyond_input_ ? session_.input.view().size() : request_body_.length;
    request_body_read_ = true;
    std::array<iovec, 2> pieces{
        net::piece(memory.data(), size), net::piece(ready.data(), request_body_.length)};
    std::span<iovec> const all{pieces.data(), request_body_.length != 0 ? 2U : 1U};
    net::io_status const status = net::write_all_now(upstream_->socket, all);
    if (status == net::io_status::would_block) {
        enter(observe::phase::sending);
        unsent_.keep(std::move(memory), pieces);
        return cause::none;
    }
    if (status != net::io_status::ok) return upstream_failure(status);
    request_sent();
    return cause::none;
}

// What there is of the body before anything more is read: behind the head, or kept for this retry.
std::string_view exchange::body_in_hand() const noexcept {
    return body_beyond_input_ ? replay_.view() : session_.input.view();
}

runtime::task<cause> exchange::send_rest() {
    net::io_status const status = co_await net::write_rest(
        upstream_->socket, unsent_.pieces,
        {home_.core, rules_->waits.write, cause::upstream_stalled});
    unsent_.drop();
    if (status != net::io_status::ok) co_return upstream_failure(status);
    request_sent();
    co_return cause::none;
}

void exchange::request_sent() {
    request_sent_ = true;
    if (went_to_see_) stop_waiting(observe::parking_outcome::served);
    begin_response_deadline();
}

// Runs beside the wait for the response. Whatever fails here is told to that wait.
runtime::task<void> exchange::send_request_body(runtime::block head, std::size_t head_size) {
    if (!replay_.begun()) {
        replay_.begin(
            home_.core.blocks(), home_.bodies_held ? 0 : pool_->settings().retries.replay_buffer,
            session_.input.view());
    }
    body_relay relay{
        home_.core,
        home_.pipes,
        rules_->settings.limits.splice_threshold,
        {.from = session_.client,
         .ready = body_in_hand(),
         .framing = request_body_,
         .pace = *plan_->request_body,
         .late = cause::request_body_timeout,
         .payload_max = plan_->body_bytes_max,
         .watch = &rules_->body_rates,
         .hold = home_.bodies_held,
         .kept = &replay_},
        {.to = upstream_->socket,
         .chunked = request_body_.kind == http::body_kind::chunked,
         .edits = plan_->settings->request_headers,
         .pace = {home_.core, rules_->waits.write, cause::upstream_stalled}}};
    relay_end const end = co_await relay.run({head.data(), head_size});
    body_beyond_input_ = body_beyond_input_ || relay.read_beyond_ready();
    request_body_read_ = relay.source_finished();
    if (body_beyond_input_) {
        input_used_ = session_.input.view().size();
        left_over_.assign(relay.left_over());
    } else {
        input_used_ = session_.input.view().size() - relay.left_over().size();
    }
    if (stopping_body_) co_return;
    switch (end) {
        case relay_end::complete:
            request_sent_ = true;
            if (!response_head_complete_) begin_response_deadline();
            co_return;
        case relay_end::source_closed:
        case relay_end::source_reset: request_body_failure_ = cause::client_closed; break;
        case relay_end::source_aborted: request_body_failure_ = session_.client.read_abort(); break;
        case relay_end::source_malformed: request_body_failure_ = cause::malformed_chunk; break;
        case relay_end::too_large: request_body_failure_ = cause::body_too_large; break;
        case relay_end::sink_aborted:
            request_body_failure_ = upstream_->socket.write_abort();
            break;
        case relay_end::sink_closed:
            // The upstream takes no more; it may have said why, so its response is still read.
            if (!response_head_complete_) begin_response_deadline();
            co_return;
    }
    upstream_->socket.abort_read(request_body_failure_);
}

void exchange::begin_response_deadline() {
    enter(observe::phase::waiting);
    response_head_deadline_.start(
        *plan_->response_head, home_.core.now(), upstream_->socket, runtime::deadline::side::read,
        cause::response_head_timeout);
}

// Reads and parses until the head is complete, more must come first, or it failed.
exchange::progress exchange::read_response() {
    net::stream& socket = upstream_->socket;
    for (;;) {
        // Behind an interim head the next one may be here already.
        if (response_end_ != response_begin_) {
            progress const state = parse_response();
            if (state == progress::complete) {
                response_head_deadline_.stop();
                response_at_ = clock::now();
                response_head_complete_ = true;
            }
            if (state != progress::wait) return state;
        }
        // A response that has not begun needs no memory: others need the cache meanwhile.
        if (!socket.readable().await_ready()) return progress::wait;
        std::span<char> const room = response_room();
        if (room.empty()) {
            response_fault_ = cause::response_header_too_large;
            return progress::refused;
        }
        net::io_result const got = socket.try_read(room);
        if (got.status == net::io_status::would_block) return progress::wait;
        if (got.status != net::io_status::ok) {
            response_fault_ = upstream_failure(got.status);
            if (response_begun_ && response_fault_ == cause::upstream_closed) {
                response_fault_ = cause::response_truncated;
            }
            return progress::refused;
        }
        response_begun_ = true;
        response_end_ += static_cast<std::uint32_t>(got.bytes);
    }
}

std::span<char> exchange::response_room() {
    if (!response_block_) response_block_ = home_.core.blocks().lend();
    if (response_end_ == response_block_.size()) {
        if (response_block_.size() == runtime::block_pool::large_bytes) return {};
        runtime::block larger = home_.core.blocks().lend(runtime::block_pool::large_bytes);
        std::memcpy(larger.data(), response_block_.data(), response_end_);
        response_block_ = std::move(larger);
    }
    return {response_block_.data() + response_end_, response_block_.size() - response_end_};
}

exchange::progress exchange::parse_response() {
    std::string_view const bytes = response_bytes();
    http::parse_step const step = response_parser_.parse(bytes, rules_->head_limits, response_);
    if (step == http::parse_step::incomplete) return progress::wait;
    response_fault_ = step == http::parse_step::refused ? response_parser_.why() : cause::none;
    if (response_fault_ == cause::none) {
        response_begin_ += static_cast<std::uint32_t>(response_.size());
        if (http::parse_connection(response_, response_options_) != cause::none) {
            response_fault_ = cause::response_malformed;
        } else {
            response_fault_ = http::frame_response(response_, request_.method_id, response_body_);
        }
    }
    if (response_fault_ != cause::none) return progress::refused;
    if (response_.status >= 200) {
        // A body on 204, 304 or the answer to HEAD, or a response to nobody (RFC 9112 6.3 rule 1).
        bool const surplus =
            response_body_.kind == http::body_kind::none && response_begin_ != response_end_;
        if (surplus) response_fault_ = cause::response_malformed;
        return surplus ? progress::refused : progress::complete;
    }
    if (response_.status == 101) {
        // Only what the client offered may be switched to (RFC 9110 7.8).
        if (upgrade_ && http::upgrade_accepted(request_, response_, response_options_)) {
            return progress::complete;
        }
        response_fault_ = cause::response_malformed;
        return progress::refused;
    }
    if (++interim_count_ > interim_max) {
        response_fault_ = cause::response_malformed;
        return progress::refused;
    }
    return progress::interim;
}

// 100 and 103 go on to a client that can read them (RFC 9110 15.2); then the next head is parsed.
runtime::task<cause> exchange::pass_interim() {
    if (request_.minor_version >= 1) {
        runtime::block const memory = lend_for_head(home_.core.blocks(), response_.size(), {});
        http::head_writer out{{memory.data(), memory.size()}};
        write_interim(out, response_, response_options_, plan_->settings->response_headers);
        std::array<iovec, 1> pieces{net::piece(memory.data(), out.size())};
        if (out.overflowed()) co_return cause::response_header_too_large;
        interim_passed_ = true;
        co_await write_to_client(pieces);
        if (client_gone_) co_return cause::client_closed;
    }
    response_parser_.reset();
    co_return cause::none;
}

cause exchange::upstream_failure(net::io_status status) const noexcept {
    if (cause const why = upstream_->socket.tls_failure(); why != cause::none) return why;
    switch (status) {
        case net::io_status::closed:
        case net::io_status::cut: return cause::upstream_closed;
        case net::io_status::aborted: {
            cause const read = upstream_->socket.read_abort();
            return read != cause::none ? read : upstream_->socket.write_abort();
        }
        default: return cause::upstream_reset;
    }
}

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// The story of an exchange, the replies the gateway makes itself, and the record at its end.
#include "proxy/exchange.hpp"

#include "base/ascii.hpp"
#include "http/error_reply.hpp"

#include <array>
#include <chrono>
#include <utility>

namespace gateway::proxy {

exchange::exchange(shard& home, session& owner) noexcept
    : home_(home),
      rules_(home.current()),
      session_(owner),
      begun_at_(clock::now()),
      client_read_before_(owner.client.bytes_read() - owner.input.view().size()),
      client_written_before_(owner.client.bytes_written()) {}

exchange::~exchange() { session_.client.observe(nullptr); }

// The common path needs this one frame: a request that is here already, sent in one call, and a
// response that is read and passed on in one call each suspend it once, to wait for the response.
runtime::task<next_step> exchange::run() {
    if (session_.parked) unpark();
    if (!receive_now()) {
        // Readable, yet nothing came: it still waits between two requests.
        if (session_.input.empty()) co_return next_step::another_request;
        if (!home_.requests_refused) {
            park();
            co_return next_step::rest_of_head;
        }
        // Ten thousand begun heads are memory, too.
        why_ = cause::out_of_memory;
    }
    session_.parked.reset();
    if (!head_complete_ && why_ == cause::client_closed && !parser_.begun()) {
        co_return next_step::close;  // it ended between two requests, as it may
    }
    home_.counters.exchange_begun();
    if (why_ == cause::none) route();
    prepare();
    if (home_.shadow) ask_shadow();
    if (why_ == cause::none) watch_client();
    if (why_ != cause::none || answers_itself_) {
        co_await reply(why_);
        settle();
        co_return leave();
    }

    retry_on where = retry_on::any_connection;
    cause failed = cause::none;
    bool again = false;
    do {
        failed = choose_endpoint(where);
        if (failed != cause::none) failed = co_await await_endpoint(failed);
        if (failed == cause::none) begin_attempt(where);
        if (failed == cause::none && !reused_) {
            enter(observe::phase::connecting);
            failed = co_await pool_->connect(upstream_);
        }
        if (failed == cause::none && !reused_ && upstream_->socket.has_unread()) {
            failed = cause::unsolicited_response;
        }
        if (failed == cause::none) failed = send_request();
        if (failed == cause::none && unsent_.any()) failed = co_await send_rest();
        if (failed == cause::none && plan_->mirror && attempts_ == 1) mirror_request();
        while (failed == cause::none && !response_head_complete_) {
            progress const state = read_response();
            if (state == progress::wait) {
                co_await upstream_->socket.readable();
            } else if (state == progress::interim) {
                failed = co_await pass_interim();
            } else if (state == progress::refused) {
                failed = response_fault_;
            }
        }
        if (failed == cause::none && !is_unwelcome()) break;
        again = co_await try_again(failed, where);
    } while (again);

    if (failed == cause::none) {
        if (!relay_in_hand()) co_await relay();
        if (request_body_task_.running()) co_await stop_request_body();
        finish_response();
    } else {
        co_await reply(explain(failed));
    }
    settle();
    co_return leave();
}

// A client that had finished sending before we began may still read (half-close); one that
// finishes while we work has gone, as every HTTP client means it.
void exchange::watch_client() {
    if (session_.client.broken()) {
        client_gone_ = true;
        why_ = cause::client_closed;
    } else {
        session_.client.observe(this);
    }
}

void exchange::finish_response() {
    bool const broke = cut_ || response_fault_ != cause::none;
    if (broke && facts_of(why_).fault == source::upstream) {
        home_.counters.attempt_failed(pool_->index(), why_);
    }
    ended_at_ = clock::now();
    observe_attempt(broke ? why_ : cause::none);
    end_attempt(why_);
}

// What the endpoint is judged by; before its connection is given back.
void exchange::observe_attempt(cause why) noexcept {
    if (!upstream_) return;
    bool const answered = why == cause::none;
    auto const end = ended_at_ != time_point{} ? ended_at_ : clock::now();
    using taken = std::optional<std::chrono::nanoseconds>;
    upstream_->at.pool.timed(
        upstream_->at, response_head_complete_ ? taken{response_at_ - attempt_at_} : std::nullopt,
        tunnelled_ ? std::nullopt : taken{end - attempt_at_});
    upstream_->at.pool.observe(
        upstream_->at, {why, answered ? response_.status : std::uint16_t{0}},
        answered ? response_at_ - attempt_at_ : clock::duration{}, home_.core.now());
}

// Ends the last attempt; returns what the client is told.
cause exchange::explain(cause failed) {
    observe_attempt(failed);
    // Of a wait in vain for whoever could not be reached, the attempt has been counted.
    bool const counted = waited_in_vain_ && failed == unreached_why_;
    if (facts_of(failed).fault == source::upstream && !counted) {
        home_.counters.attempt_failed(pool_->index(), failed);
    }
    end_attempt(failed);
    // What the client did wrong explains why the upstream gave up, not the other way round.
    return request_body_failure_ != cause::none ? request_body_failure_ : failed;
}

void exchange::stirred(runtime::watched& socket) {
    if (!socket.hung_up()) return;
    if (place_ != nullptr) {
        client_gone_ = true;
        place_->end();
    }
    if (!upstream_) return;
    client_gone_ = true;
    upstream_->socket.abort(cause::client_closed);
}

runtime::task<void> exchange::reply(cause why) {
    why_ = why;
    status_ = why == cause::none ? std::uint16_t{200} : status_of(why);
    if (client_gone_ || status_ == 499) {
        client_gone_ = true;
        co_return;
    }
    // A small body that is here already need not cost the client its connection.
    if (!request_body_read_ && request_body_.kind == http::body_kind::length &&
        session_.input.view().size() >= request_body_.length) {
        input_used_ = request_body_.length;
        request_body_read_ = true;
    }
    // After a fault in the framing nobody knows where the next request would begin.
    keep_alive_ = keep_alive_ && head_complete_ && request_body_read_ && !home_.leaving();
    enter(observe::phase::responding);
    std::string bytes = reply_bytes();
    head_sent_ = true;
    std::array<iovec, 1> pieces{net::piece(bytes.data(), bytes.size())};
    co_await write_to_client(pieces);
    if (!client_gone_) response_complete_ = true;
}

std::string exchange::reply_bytes() {
    std::array<std::pair<std::string_view, std::string_view>, 1> extra;
    std::size_t extras = 0;
    if (!allow_.empty()) extra[extras++] = {"Allow", allow_};
    std::string retry_after;
    if (status_ == 503) {
        retry_after = why_ == cause::maintenance ? home_.retry_after(plan_->settings->name) : "1";
        extra[extras++] = {"Retry-After", retry_after};
    }
    http::reply_request const reply{
        .why = why_,
        .received = response_head_complete_ ? response_.status : std::uint16_t{0},
        .request_id = request_id_,
        .accept = head_complete_ ? request_.value_of(http::field_id::accept) : std::string_view{},
        .date = home_.date(),
        // Also of a head that was refused: its client reads no body (RFC 9112 6.3 rule 1).
        .head_only = request_.method_id == http::method::head,
        .close = !keep_alive_,
        .keep_alive = keep_alive_ && request_.minor_version == 0,
        .extra = {extra.data(), extras}};
    std::string bytes;
    if (why_ != cause::none) {
        http::append_error_reply(bytes, reply);
    } else if (readiness_asked_) {
        http::append_own_answer(bytes, reply, "text/plain", "ready\n");
    } else if (request_.method_id == http::method::trace) {
        http::append_own_answer(bytes, reply, "message/http", reflection());
    } else {
        http::append_own_answer(bytes, reply, {}, {});
    }
    return bytes;
}

// The request as it came, but for what must not be shown to whoever runs in the client: credentials
// and what proxies before us added (RFC 9110 9.3.8).
std::string exchange::reflection() const {
    std::string body{request_.method_text()};
    body.append(" ").append(request_.target()).append(" HTTP/1.");
    body.append(request_.minor_version == 0 ? "0\r\n" : "1\r\n");
    for (http::field const& each : request_.fields()) {
        std::string_view const name = request_.name(each);
        bool const secret = http::is_hop_by_hop(each.id) || http::is_forwarding(each.id) ||
                            each.id == http::field_id::alias ||
                            ascii::equal_ignoring_case(name, "Authorization") ||
                            ascii::equal_ignoring_case(name, "Cookie");
        if (!secret) body.append(name).append(": ").append(request_.value(each)).append("\r\n");
    }
    return body += "\r\n";
}

void exchange::settle() {
    session_.client.observe(nullptr);
    phase_.leave();
    stop_waiting(observe::parking_outcome::expired);
    leave_pool();
    auto const now = ended_at_ != time_point{} ? ended_at_ : clock::now();
    if (client_gone_) status_ = 499;
    observe::exchange_record record;
    record.finished_at = home_.wall_time(now);
    record.request_id = request_id_;
    record.client_address = client_text_;
    record.method_index = method_label_;
    if (head_complete_) {
        record.method = request_.method_text();
        record.target = request_.target();
        record.protocol = request_.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
        record.host = asked_host();
        record.user_agent = request_.value_of(http::field_id::user_agent);
        record.forwarded = request_.has(http::field_id::x_forwarded_for);
        record.referer = request_.value_of(http::field_id::referer);
    }
    if (route_index_ != observe::no_route_index) {
        record.route = home_.route_name(route_index_);
        record.route_index = route_index_;
    }
    if (pool_ != nullptr) record.upstream = pool_->settings().name;
    if (endpoint_ != nullptr) record.endpoint = endpoint_->text;
    record.status = status_;
    record.upstream_status = response_head_complete_ ? response_.status : std::uint16_t{0};
    record.attempts = attempts_;
    record.retry = retry_reason_;
    record.reused_upstream = reused_;
    record.bytes_in = session_.client.bytes_read() - client_read_before_ -
                      (session_.input.view().size() - input_used_) - left_over_.size();
    record.bytes_out = session_.client.bytes_written() - client_written_before_;
    record.duration = now - begun_at_;
    record.parked_duration = parked_for_;
    if (response_head_complete_) record.upstream_duration = response_at_ - attempt_at_;
    record.why = why_;
    record.connection_uses = failed_connection_.uses;
    record.connection_age = failed_connection_.age;
    record.connection_idle = failed_connection_.idled;
    record.trace_id = trace_.id_text();
    record.span_id = trace_.span_text();
    end_trace(record);
    home_.counters.exchange_settled(record);
    if (why_ != cause::none && !readiness_asked_) home_.errors.note(record);
    if (home_.access_log && !readiness_asked_) home_.access_log->append(record);
}

next_step exchange::leave() {
    // Nothing refers to the request's bytes any more: what follows them moves to the front.
    if (body_beyond_input_) {
        session_.input.assign(home_.core.blocks(), left_over_);
    } else {
        session_.input.consume(input_used_);
    }
    // A client that has only closed its half must not take what it got for the whole.
    if (close_delimited_ && head_sent_ && !response_complete_) return next_step::abort;
    if (client_gone_) return next_step::close;
    // Chunks without a last one show the break; a length that is not reached, or no length at all,
    // is told by a reset to clients that do not count.
    if (cut_) return response_chunked_ ? next_step::close : next_step::abort;
    if (keep_alive_ && request_body_read_) return next_step::another_request;
    bool const unread =
        !request_body_read_ || !session_.input.empty() || session_.client.may_read();
    return unread && !tunnelled_ ? next_step::linger : next_step::close;
}

}  // namespace gateway::proxy

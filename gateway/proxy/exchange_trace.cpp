// SPDX-License-Identifier: Apache-2.0
// An exchange's part in its trace: which it is, and the spans that are told of it.
#include "observe/span.hpp"
#include "proxy/exchange.hpp"

namespace gateway::proxy {
namespace {

// What everybody wants to know of, sampled or not: not what clients do wrong, which is cheap to do.
bool is_failure(observe::exchange_record const& record) noexcept {
    return record.status >= 500 || facts_of(record.why).fault == source::upstream;
}

}  // namespace

void exchange::take_trace() noexcept {
    settings::tracing const& wanted = rules_->settings.tracing;
    bool const brought = head_complete_ && brings_trace(request_);
    if (!brought && wanted.mode == settings::tracing_mode::off) return;
    caller from = caller::outside;
    if (brought && http::contains(rules_->trusted_proxies, client_address_)) from = caller::inside;
    auto const second = observe::since_1970(home_.wall_time(begun_at_)) / 1'000'000'000;
    begin_trace(
        trace_, head_complete_ ? &request_ : nullptr, wanted, from,
        static_cast<std::uint32_t>(second), home_.request_ids);
}

void exchange::begin_attempt_trace() noexcept {
    if (home_.spans == nullptr || !trace_.takes_part) return;
    trace_.upstream_parent = fresh_span_id(home_.request_ids);
    if (attempts_traced_ == attempts_traced_max) return;
    attempt_trace& one = attempt_traces_[attempts_traced_++];
    one.span = trace_.upstream_parent;
    one.begun = one.ended = attempt_at_.time_since_epoch();
    one.at = endpoint_;
    ++one.at->traced;
    one.status = 0;
    one.why = cause::none;
    one.retry = retry_reason_;
    one.reused = reused_;
}

// Before its connection is given back.
void exchange::end_attempt(cause why) {
    bool const failed = why != cause::none || !response_complete_;
    if (failed) note_connection();
    if (attempts_traced_ != 0 && upstream_) {
        attempt_trace& one = attempt_traces_[attempts_traced_ - 1U];
        one.ended = clock::now().time_since_epoch();
        one.status = response_head_complete_ ? response_.status : std::uint16_t{0};
        one.why = why;
    }
    release_upstream();
}

// What the log says of a connection that failed: was it old, worn, or idle for too long?
void exchange::note_connection() noexcept {
    failed_connection_ = {};
    if (!upstream_ || upstream_->made_at == time_point{}) return;
    failed_connection_ = {upstream_->uses, home_.core.now() - upstream_->made_at, upstream_->idled};
}

void exchange::end_trace(observe::exchange_record const& record) noexcept {
    tell_spans(record);
    for (std::size_t i = 0; i < attempts_traced_; ++i) --attempt_traces_[i].at->traced;
    attempts_traced_ = 0;
}

void exchange::tell_spans(observe::exchange_record const& record) noexcept {
    if (home_.spans == nullptr || !trace_.takes_part) return;
    bool const failed = home_.current().settings.tracing.errors && is_failure(record);
    if (!trace_.sampled && !failed) return;
    observe::span* const server = home_.spans->claim();
    if (server != nullptr) {
        server->kind = observe::span_kind::server;
        server->trace_id = record.trace_id;
        server->id = record.span_id;
        if (trace_.has_parent) server->parent = http::view_of(trace_.parent);
        server->end_ns = observe::since_1970(record.finished_at);
        server->begin_ns = server->end_ns - record.duration.count();
        server->method = record.method;
        server->status = record.status;
        server->why = record.why;
        if (record.retry != retry_reason::none) server->retry = word_of(record.retry);
        server->resend = record.attempts;
        server->http_1_0 = record.protocol == "HTTP/1.0";
        server->target = record.target;
        server->upstream = record.upstream;
        server->endpoint = record.endpoint;
        server->route = record.route;
        if (route_index_ != observe::no_route_index) server->path = home_.route_path(route_index_);
        server->host = record.host;
        server->client = record.client_address;
        server->user_agent = record.user_agent;
        server->request_id = record.request_id;
        home_.spans->publish();
    }
    for (std::size_t i = 0; i < attempts_traced_; ++i) tell_attempt(record, i);
}

void exchange::tell_attempt(observe::exchange_record const& record, std::size_t index) noexcept {
    attempt_trace const& one = attempt_traces_[index];
    observe::span* const client = home_.spans->claim();
    if (client == nullptr) return;
    client->kind = observe::span_kind::client;
    client->trace_id = record.trace_id;
    client->id = http::view_of(one.span);
    client->parent = record.span_id;
    client->begin_ns = observe::since_1970(home_.wall_time(time_point{one.begun}));
    client->end_ns = observe::since_1970(home_.wall_time(time_point{one.ended}));
    client->method = record.method;
    client->status = one.status;
    client->why = one.why;
    if (one.retry != retry_reason::none) client->retry = word_of(one.retry);
    client->resend = static_cast<std::uint16_t>(index);
    client->reused = one.reused;
    client->tls = one.at->tls != nullptr;
    client->target = record.target;
    client->upstream = one.at->pool.settings().name;
    client->endpoint = one.at->text;
    home_.spans->publish();
}

}  // namespace gateway::proxy

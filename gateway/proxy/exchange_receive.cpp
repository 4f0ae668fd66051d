// SPDX-License-Identifier: Apache-2.0
// The phases before an upstream is involved: receive, route, prepare.
#include "base/ascii.hpp"
#include "http/host.hpp"
#include "http/persistence.hpp"
#include "http/upgrade.hpp"
#include "net/timed_wait.hpp"
#include "proxy/exchange.hpp"
#include "proxy/route_decision.hpp"

namespace gateway::proxy {

// True when the head is judged, the connection ended or the buffer is full; see why_. False when
// more bytes must come first.
bool exchange::receive_now() {
    for (;;) {
        if (!session_.input.empty() && parse_head()) return true;
        std::span<char> const room =
            session_.input.room(home_.core.blocks(), rules_->head_limits.bytes_max + 1);
        if (room.empty()) {
            why_ = cause::header_too_large;
            return true;
        }
        net::io_result const got = session_.client.try_read(room);
        switch (got.status) {
            case net::io_status::ok: session_.input.filled(got.bytes); break;
            case net::io_status::would_block: return false;
            case net::io_status::aborted: why_ = session_.client.read_abort(); return true;
            default: why_ = cause::client_closed; return true;
        }
    }
}

void exchange::park() {
    if (!session_.parked) {
        session_.parked = std::make_unique<parked_head>();
        session_.parked->begun_at = begun_at_;
        session_.parked->limit.start(
            rules_->waits.request_head, home_.core.now(), session_.client,
            runtime::deadline::side::read, cause::request_head_timeout);
        session_.parked->phase.enter(
            home_.counters.phases, observe::phase::receiving, home_.core.now());
    }
    session_.parked->parser = parser_;
    session_.parked->head = request_;
    session_.parked->bytes.assign(session_.input.view());
    session_.input.release();
}

void exchange::unpark() {
    waited_for_head_ = true;
    begun_at_ = session_.parked->begun_at;
    parser_ = session_.parked->parser;
    request_ = session_.parked->head;
    session_.input.assign(home_.core.blocks(), session_.parked->bytes);
}

bool exchange::parse_head() {
    switch (parser_.parse(session_.input.view(), rules_->head_limits, request_)) {
        case http::parse_step::incomplete: return false;
        case http::parse_step::refused: why_ = parser_.why(); return true;
        case http::parse_step::complete: break;
    }
    session_.input.consume(request_.size());
    judge_head();
    return true;
}

void exchange::judge_head() {
    method_label_ = static_cast<observe::method_label>(request_.method_id);
    why_ = http::parse_connection(request_, request_options_);
    if (why_ == cause::none) why_ = http::check_host(request_);
    if (why_ == cause::none) why_ = http::frame_request(request_, request_body_);
    if (why_ != cause::none) return;

    // The path differs from its normal form so rarely that its memory is borrowed only then.
    why_ = http::parse_target(request_, {}, target_);
    if (why_ == cause::target_too_long) {
        scratch_ = home_.core.blocks().lend(request_.target().size());
        why_ = http::parse_target(request_, {scratch_.data(), scratch_.size()}, target_);
    }
    if (why_ != cause::none) return;

    head_complete_ = true;
    keep_alive_ = http::wants_keep_alive(request_, request_options_) && !home_.leaving() &&
                  !session_.last_request && !session_.readiness_only;
    upgrade_ = http::is_upgrade_request(request_, request_options_);
    request_body_read_ =
        request_body_.kind == http::body_kind::none ||
        (request_body_.kind == http::body_kind::length && request_body_.length == 0);
    http::expectation expected;  // 100-continue travels on; the upstream answers it
    why_ = http::read_expectation(request_, expected);
}

bool exchange::is_asked_for_readiness() const noexcept {
    std::string_view const path = home_.readiness_path;
    return !path.empty() && target_.form != http::target_form::asterisk &&
           target_.normalised_path == path &&
           (request_.method_id == http::method::get || request_.method_id == http::method::head);
}

void exchange::route() {
    if (is_asked_for_readiness()) {
        readiness_asked_ = answers_itself_ = true;
        bool const ready = home_.is_ready();
        home_.counters.readiness_asked(ready);
        if (!ready) why_ = home_.draining() ? cause::draining : cause::not_ready;
        return;
    }
    if (session_.readiness_only) {
        why_ = cause::too_many_connections;
        return;
    }
    if (home_.requests_refused) {
        why_ = cause::out_of_memory;
        keep_alive_ = false;  // another gateway may have more
        return;
    }
    // A tunnel made by CONNECT would reach any host (RFC 9110 9.3.6).
    if (request_.method_id == http::method::connect) {
        why_ = cause::method_not_allowed;
        allow_ = rules_->routes.allowed_somewhere();
        return;
    }
    if (target_.form == http::target_form::asterisk) {
        answers_itself_ = true;  // the server as a whole, RFC 9110 9.3.7
        allow_ = rules_->routes.allowed_somewhere();
        return;
    }
    std::string_view const host = asked_host();
    routing::match const found = rules_->routes.find(
        host, target_.normalised_path, request_.method_id, request_.method_text());
    if (found.outcome != routing::outcome::found) {
        bool const no_route = found.outcome == routing::outcome::no_route;
        why_ = no_route ? cause::no_route : cause::method_not_allowed;
        allow_ = found.allow;
        return;
    }
    // RFC 9110 7.6.2; other methods may have the field and it means nothing.
    if (request_.has(http::field_id::max_forwards) &&
        (request_.method_id == http::method::options ||
         request_.method_id == http::method::trace)) {
        count_forwards();
        if (answers_itself_) allow_ = rules_->routes.allowed(host, target_.normalised_path);
        if (answers_itself_ || why_ != cause::none) return;
    }
    auto const slashes = rules_->settings.routes[found.route].encoded_slash;
    if (target_.encoded_separator &&
        (slashes == settings::encoded_slash_mode::refuse ||
         !reads_alike(rules_->routes, request_, target_, host, found.route))) {
        why_ = cause::ambiguous_path;
        return;
    }
    plan_ = &rules_->plans[found.route];
    route_index_ = plan_->number;
    if (!home_.closed_routes.empty() && home_.is_closed(plan_->settings->name)) {
        why_ = cause::maintenance;
        return;
    }
    if (plan_->body_bytes_max != 0 && request_body_.kind == http::body_kind::length &&
        request_body_.length > plan_->body_bytes_max) {
        why_ = cause::body_too_large;
    }
}

void exchange::count_forwards() {
    constexpr std::uint32_t most = 1'000'000;  // more hops than there are, RFC 9110 7.6.2
    std::string_view const text = request_.value_of(http::field_id::max_forwards);
    std::uint64_t left = most;
    bool const digits =
        !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits || request_.count(http::field_id::max_forwards) != 1) {
        why_ = cause::malformed_field;
        return;
    }
    static_cast<void>(ascii::parse_decimal(text, most, left));
    if (left == 0) {
        answers_itself_ = true;
    } else {
        max_forwards_ = static_cast<std::uint32_t>(left - 1);
    }
}

void exchange::prepare() {
    trusted_peer_ = http::contains(rules_->trusted_proxies, session_.peer);
    client_address_ = session_.peer;
    if (trusted_peer_ && head_complete_) {
        client_address_ = http::client_address(request_, session_.peer, rules_->trusted_proxies);
    }
    client_text_ = http::print_address(client_address_, client_text_buffer_);
    take_request_id();
    take_trace();
}

// What a candidate configuration would make of this request. What the gateway is asked itself, and
// what broke a rule of HTTP, has the same answer by every configuration.
void exchange::ask_shadow() noexcept {
    bool const by_routes = head_complete_ && !readiness_asked_ &&
                           request_.method_id != http::method::connect &&
                           target_.form != http::target_form::asterisk;
    if (!by_routes) return;
    bool const same = home_.shadow->compare(
        {.settings = rules_->settings,
         .routes = rules_->routes,
         .trusted = rules_->trusted_proxies,
         .limits = rules_->head_limits},
        {.head = request_,
         .options = request_options_,
         .target = target_,
         .body = request_body_,
         .peer = session_.peer,
         .request_id = request_id_,
         .local_port = session_.local_port,
         .upgrade = upgrade_});
    home_.counters.candidate_compared(same);
}

void exchange::take_request_id() {
    std::string_view const given =
        head_complete_ ? request_.value_of(http::field_id::x_request_id) : std::string_view{};
    if (!given.empty() && observe::is_well_formed(given)) {
        request_id_ = given;
        return;
    }
    home_.request_ids.write(fresh_request_id_);
    request_id_ = {fresh_request_id_.data(), fresh_request_id_.size()};
}

}  // namespace gateway::proxy

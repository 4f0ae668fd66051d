// SPDX-License-Identifier: Apache-2.0
// After a failed attempt: may it be made again, where, and when.
#include "proxy/exchange.hpp"

#include <algorithm>

namespace gateway::proxy {

// The upstream's rules with what the route says otherwise.
upstream::retry_rules exchange::retry_rules() const {
    settings::route const& route = *plan_->settings;
    upstream::retry_rules rules = pool_->retry_rules;
    rules.extra_tries = route.retry_extra_tries.value_or(rules.extra_tries);
    if (!route.retry_on_status.empty()) rules.on_status = {};
    for (std::uint16_t const status : route.retry_on_status) rules.on_status.add(status);
    return rules;
}

// A response is in hand, and its status is one that another attempt may better. A body that is
// still on its way upstream means that it may be the answer to that body.
bool exchange::is_unwelcome() const {
    return response_.status >= upstream::status_set::first && !request_body_task_.running() &&
           retry_rules().on_status.has(response_.status);
}

upstream::retry_verdict exchange::judge_attempt(cause failed) const {
    if (client_gone_ || request_body_failure_ != cause::none) return {};
    bool const connected = upstream_ && upstream_->socket.is_open();
    upstream::connection_end end{.why = failed};
    if (connected) {
        end.written = upstream_->socket.send_mark() != sent_before_;
        end.acknowledged = upstream_->socket.is_acknowledged_beyond(sent_before_);
    }
    return upstream::decide_retry(
        retry_rules(),
        {.why = failed,
         .status = failed == cause::none ? response_.status : std::uint16_t{0},
         .method = request_.method_id,
         .reused_connection = reused_,
         .client_has_bytes = head_sent_ || interim_passed_,
         .body_replayable = !body_beyond_input_ || replay_.whole(),
         .request_unseen = connected && !response_begun_ && upstream::proves_unseen(end),
         .other_endpoint = endpoint_ != nullptr && pool_->has_other_than(*endpoint_, unreached_),
         .may_wait = !waited_in_vain_ && pool_ != nullptr &&
                     pool_->settings().queue.requests != 0 &&
                     (wait_until_ == time_point{} || home_.core.now() < wait_until_),
         .replaced_before = replaced_,
         .tries_used = extra_tries_});
}

// Ends a failed attempt (cause::none: one with an unwelcome status). True when another follows, as
// `where` then says; the wait before it is over.
runtime::task<bool> exchange::try_again(cause failed, retry_on& where) {
    // How much of the body is gone is known when its relay has ended.
    if (request_body_task_.running()) co_await stop_request_body();
    upstream::retry_verdict const verdict = judge_attempt(failed);
    if (!verdict) co_return false;
    milliseconds wait = upstream::back_off(extra_tries_, home_.random());
    if (verdict.repeats && !repeating_) {
        repeating_ = pool_->retry_budget.take();
        // Many that failed at once wait once for those that are being repeated.
        if (!repeating_) wait = std::max(wait, upstream::back_off(1, home_.random()));
    }
    if (wait.count() > 0) co_await home_.core.pause(wait);
    if (verdict.repeats && !repeating_) repeating_ = pool_->retry_budget.take();
    if (verdict.repeats && !repeating_) {
        home_.counters.retry_over_budget(pool_->index());
        co_return false;
    }
    if (client_gone_) co_return false;
    begin_retry(failed, verdict, where);
    co_return true;
}

void exchange::begin_retry(cause failed, upstream::retry_verdict verdict, retry_on& where) {
    // A pooled connection that was dead already says nothing against its endpoint.
    if (verdict.reason == retry_reason::not_received && reused_) {
        pool_->found_dead(*upstream_);
    } else {
        observe_attempt(failed);
    }
    if (failed != cause::none) home_.counters.attempt_failed(pool_->index(), failed);
    home_.counters.retried(pool_->index(), verdict.reason);
    retry_reason_ = verdict.reason;
    if (verdict.reason == retry_reason::connect_failed) unreached_.add(*endpoint_);
    if (verdict.counts) {
        ++extra_tries_;
    } else if (verdict.where == upstream::retry_at::fresh_connection) {
        replaced_ = true;
    }
    switch (verdict.where) {
        case upstream::retry_at::fresh_connection: where = retry_on::fresh_connection; break;
        case upstream::retry_at::later:
            where = retry_on::later;
            unreached_why_ = failed;
            pool_->found_unreachable();
            break;
        default: where = retry_on::other_endpoint; break;
    }
    end_attempt(failed);
    request_sent_ = false;
    response_begun_ = false;
    response_head_complete_ = false;
}

}  // namespace gateway::proxy

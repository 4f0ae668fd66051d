// SPDX-License-Identifier: Apache-2.0
// One request and its response. `run` goes through the phases in order:
//
//   receive  read the request's head and judge it
//   route    find the route, check what it allows
//   prepare  who the client is, which ID the request has
//   attempt  one try at one endpoint: lease, send, read the response's head; again if that is safe
//   relay    the response's head and body to the client
//   settle   record it, and say what becomes of the connection
//
// A phase that fails names its cause; `reply` turns a cause into a response in one place.
#pragma once

#include "http/chunked.hpp"
#include "http/forwarded.hpp"
#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "http/head_writer.hpp"
#include "http/hop_by_hop.hpp"
#include "http/target.hpp"
#include "observe/exchange_record.hpp"
#include "proxy/balance_key.hpp"
#include "proxy/body_relay.hpp"
#include "proxy/inflight.hpp"
#include "proxy/replay_buffer.hpp"
#include "proxy/request_trace.hpp"
#include "proxy/session.hpp"
#include "proxy/shard.hpp"
#include "runtime/task.hpp"
#include "upstream/retry_policy.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::proxy {

// What becomes of the client's connection after an exchange.
enum class next_step : std::uint8_t {
    another_request,
    rest_of_head,  // the request's head is not complete: session::parked holds what there is
    close,         // nothing of the client's is unread
    linger,        // the client may still be sending: it must not lose our response to a reset
    abort,         // the response was cut: the client must see that, not a clean end
};

// What there is of a request whose head has not arrived whole, while its connection waits for more:
// 5 KiB where an exchange and its input take 32.
struct parked_head {
    http::request_parser parser;
    http::request_head head;
    std::string bytes;
    time_point begun_at;
    runtime::deadline limit;  // covers the whole head, however slowly its bytes trickle
    observe::phase_mark phase;
};

// Lives in a block borrowed for the exchange; about 10 KiB with its two heads. Borrows the session.
class exchange final : private runtime::stir_observer {
public:
    exchange(shard& home, session& owner) noexcept;
    ~exchange();
    exchange(exchange const&) = delete;
    exchange& operator=(exchange const&) = delete;

    runtime::task<next_step> run();

    // For whoever asks what is under way (inflight.cpp).
    time_point begun_at() const noexcept { return begun_at_; }
    inflight_row describe(std::chrono::nanoseconds age) const;

private:
    enum class progress : std::uint8_t { wait, interim, complete, refused };
    // Where an attempt gets its connection.
    enum class retry_on : std::uint8_t {
        any_connection,
        other_endpoint,
        fresh_connection,
        later,  // when there is one that can be reached
    };

    // A client that goes away ends the upstream's work.
    void stirred(runtime::watched& socket) override;

    // receive, route, prepare (exchange_receive.cpp)
    bool receive_now();
    void park();
    void unpark();
    bool parse_head();
    void judge_head();
    void route();
    void count_forwards();
    void prepare();
    // The authority of an absolute target wins over Host (RFC 9112 3.2.2).
    std::string_view asked_host() const noexcept {
        return target_.authority.empty() ? request_.value_of(http::field_id::host)
                                         : target_.authority;
    }
    void take_request_id();
    void ask_shadow() noexcept;

    // its part in a trace (exchange_trace.cpp)
    void take_trace() noexcept;
    void begin_attempt_trace() noexcept;
    void end_attempt(cause why);
    void note_connection() noexcept;
    void end_trace(observe::exchange_record const& record) noexcept;
    void tell_spans(observe::exchange_record const& record) noexcept;
    void tell_attempt(observe::exchange_record const& record, std::size_t index) noexcept;

    // attempt (exchange_attempt.cpp)
    void begin_attempt(retry_on where);
    runtime::block build_request(
        std::size_t& size, upstream_pool const& to, std::size_t body_bytes);
    cause send_request();
    std::string_view body_in_hand() const noexcept;
    runtime::task<cause> send_rest();
    void request_sent();
    runtime::task<void> send_request_body(runtime::block head, std::size_t head_size);
    void begin_response_deadline();
    progress read_response();
    std::span<char> response_room();
    progress parse_response();
    runtime::task<cause> pass_interim();
    cause upstream_failure(net::io_status status) const noexcept;
    std::string_view response_bytes() const noexcept {
        return {response_block_.data() + response_begin_, response_end_ - response_begin_};
    }

    // attempt: at which endpoint (exchange_choice.cpp)
    void use_pool(upstream_pool& pool) noexcept;
    void leave_pool() noexcept;
    upstream_pool& pool_of_route() noexcept;
    cause choose_endpoint(retry_on where);
    chosen_endpoint choose_from(upstream_pool& pool, endpoint const* avoid) noexcept;
    endpoint* choose_fallback();
    runtime::task<cause> await_endpoint(cause unavailable);
    void stop_waiting(observe::parking_outcome how) noexcept;
    void mirror_request();

    // attempt, again (exchange_retry.cpp)
    upstream::retry_rules retry_rules() const;
    bool is_unwelcome() const;
    upstream::retry_verdict judge_attempt(cause failed) const;
    runtime::task<bool> try_again(cause failed, retry_on& where);
    void begin_retry(cause failed, upstream::retry_verdict verdict, retry_on& where);

    // relay (exchange_relay.cpp)
    void plan_response();
    runtime::block build_response(http::head_writer& out);
    std::string_view sticky_cookie(std::array<char, sticky_field_max>& out) const noexcept;
    bool relay_in_hand();
    runtime::task<void> relay();
    bool is_in_hand() const noexcept;
    std::span<iovec> gather_in_hand(http::head_writer& head, std::array<iovec, 2>& pieces);
    runtime::task<void> relay_body(std::string_view head);
    runtime::task<void> run_tunnel(std::string_view head);
    void response_failed(relay_end end);
    runtime::task<void> write_to_client(std::span<iovec> pieces);
    void client_failed(net::io_status status);
    runtime::task<void> stop_request_body();
    void release_upstream();

    bool is_asked_for_readiness() const noexcept;
    void enter(observe::phase next) noexcept {
        phase_.enter(home_.counters.phases, next, home_.core.now());
    }

    // reply, settle (exchange.cpp)
    void watch_client();
    void finish_response();
    cause explain(cause failed);
    void observe_attempt(cause why) noexcept;
    runtime::task<void> reply(cause why);
    std::string reply_bytes();
    std::string reflection() const;
    void settle();
    next_step leave();

    // Of a message that is written in one call as a rule: what the kernel did not take.
    struct unsent_bytes {
        runtime::block memory;  // what the first piece points into
        std::array<iovec, 2> pieces{};
        bool any() const noexcept { return static_cast<bool>(memory); }
        void keep(runtime::block owner, std::array<iovec, 2> const& rest) noexcept {
            memory = std::move(owner);
            pieces = rest;
        }
        void drop() noexcept { memory.reset(); }
    };

    shard& home_;
    snapshot_use rules_;
    session& session_;
    time_point begun_at_;
    time_point attempt_at_{};
    time_point response_at_{};
    time_point ended_at_{};  // of the last attempt, when its response came through
    observe::phase_mark phase_;
    std::uint64_t client_read_before_;
    std::uint64_t client_written_before_;

    // What has been decided so far.
    cause why_ = cause::none;
    bool head_complete_ = false;  // the request's head was parsed and judged well-formed
    bool waited_for_head_ = false;
    bool keep_alive_ = false;         // the client's connection may carry another request
    bool head_sent_ = false;          // the final response has begun to go out
    bool response_complete_ = false;  // the client has all of it; it may be a reply of our own
    bool response_read_ = false;      // the upstream's was read to its end
    bool tunnelled_ = false;
    bool response_chunked_ = false;
    bool close_delimited_ = false;  // only the connection's end tells the client where ours is
    bool cut_ = false;              // the response broke off
    bool client_gone_ = false;
    bool answers_itself_ = false;  // it is the gateway that was asked (OPTIONS *, Max-Forwards: 0)
    bool readiness_asked_ = false;
    std::uint16_t status_ = 0;
    std::uint8_t attempts_ = 0;
    std::uint8_t interim_count_ = 0;
    observe::method_label method_label_ = observe::method_label::other;
    std::uint16_t route_index_ = observe::no_route_index;
    route_plan const* plan_ = nullptr;
    std::string_view allow_;

    // The request.
    http::request_parser parser_;
    http::body_framing request_body_;
    http::connection_options request_options_;
    http::target_view target_;
    bool upgrade_ = false;
    std::optional<std::uint32_t> max_forwards_;  // what is left of the client's
    bool trusted_peer_ = false;
    http::address16 client_address_{};
    std::string_view request_id_;
    std::string_view client_text_;
    request_trace trace_;
    std::array<char, observe::request_id_bytes> fresh_request_id_;
    std::array<char, http::address_text_max + 1> client_text_buffer_;
    std::array<char, http::address_text_max + 1> peer_text_buffer_;

    // The request's body on its way upstream.
    runtime::side_task request_body_task_;
    replay_buffer replay_;
    bool request_sent_ = false;       // every byte of it has been handed to the kernel
    bool request_body_read_ = true;   // every byte of it has been taken from the client
    bool stopping_body_ = false;      // by our own decision, not by a failure of the client
    bool body_beyond_input_ = false;  // more was read than the input buffer holds
    std::size_t input_used_ = 0;      // bytes of the input buffer that were body
    cause request_body_failure_ = cause::none;
    std::string left_over_;  // pipelined bytes read behind a chunked body

    // The upstream's side.
    parking_place* place_ = nullptr;  // while it waits for an endpoint
    std::chrono::nanoseconds parked_for_{0};
    time_point wait_until_{};            // once it has waited
    bool went_to_see_ = false;           // from its place in the line, and counts as waiting still
    bool waited_in_vain_ = false;        // as long as it may, or there was no place
    cause unreached_why_ = cause::none;  // of the attempt that found nobody
    upstream_pool* pool_ = nullptr;      // once the request counts as one of its upstream's
    std::uint32_t extra_tries_ = 0;
    retry_reason retry_reason_ = retry_reason::none;  // of the present attempt
    bool replaced_ = false;                           // a dead pooled connection, by a fresh one
    bool repeating_ = false;                          // on the retry budget
    bool interim_passed_ = false;                     // an interim response, to the client
    unsent_bytes unsent_;
    lease upstream_;
    endpoint* endpoint_ = nullptr;
    unreached_endpoints unreached_;
    bool reused_ = false;
    // Of the connection that failed last; it is gone when the record is made.
    struct connection_facts {
        std::uint32_t uses = 0;
        clock::duration age{};
        milliseconds idled{0};
    } failed_connection_;
    std::uint64_t sent_before_ = 0;  // the mark on this connection before this request
    runtime::deadline response_head_deadline_;
    runtime::block response_block_;
    std::uint32_t response_begin_ = 0;
    std::uint32_t response_end_ = 0;
    http::response_parser response_parser_;
    http::body_framing response_body_;
    http::connection_options response_options_;
    cause response_fault_ = cause::none;
    bool response_begun_ = false;
    bool response_head_complete_ = false;

    std::uint8_t attempts_traced_ = 0;
    std::array<attempt_trace, attempts_traced_max> attempt_traces_;  // so many of them

    runtime::block scratch_;  // of the normalised path, when it differs
    http::request_head request_;
    http::response_head response_;
};

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// The facts of one finished exchange: all that the access log and the counters need. Filled by
// proxy/, read once when the exchange settles. The views borrow from the exchange's own buffers
// and are valid only during the call that receives the record.
#pragma once

#include "base/error.hpp"
#include "base/retry_reason.hpp"
#include "base/units.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace gateway::observe {

inline constexpr std::uint16_t no_route_index = 0xffff;

// Closed set, so that a client cannot make label values: an unknown method counts as `other`.
enum class method_label : std::uint8_t {
    get,
    head,
    post,
    put,
    del,
    patch,
    options,
    trace,
    connect,
    other
};
inline constexpr std::size_t method_label_count = 10;

struct exchange_record {
    std::chrono::system_clock::time_point finished_at;
    std::string_view request_id;
    std::string_view client_address;  // after trusted proxies were peeled off; no port
    bool forwarded = false;           // the request named the client that another proxy had
    std::string_view method;          // as sent; may be empty when the head was malformed
    std::string_view target;          // as sent, may hold any byte a malformed head held
    std::string_view protocol;        // "HTTP/1.1" or "HTTP/1.0"
    std::string_view host;
    std::string_view user_agent;
    std::string_view referer;
    std::string_view route;     // route's name; empty when none matched
    std::string_view upstream;  // upstream's name; empty when none was chosen
    std::string_view endpoint;  // "10.0.0.7:5000"; empty when none was tried
    std::uint16_t route_index = no_route_index;
    method_label method_index = method_label::other;
    std::uint16_t status = 0;                 // what the client was told; 499 when it had gone
    std::uint16_t upstream_status = 0;        // 0 when no response head came
    std::uint8_t attempts = 0;                // connections tried
    retry_reason retry = retry_reason::none;  // why the last of them was made again
    bool reused_upstream = false;             // the last attempt used a pooled connection
    byte_count bytes_in = 0;                  // head and body as read from the client
    byte_count bytes_out = 0;                 // head and body as written to the client
    std::chrono::nanoseconds duration{0};     // first byte of the request to last of the response
    std::chrono::nanoseconds parked_duration{0};  // waited for an endpoint to become available
    std::chrono::nanoseconds upstream_duration{
        0};                   // attempt's begin to the response head; 0 if none
    cause why = cause::none;  // set when the gateway, not the upstream, decided the outcome
    // The upstream connection of the last attempt that failed, when it had one.
    std::uint32_t connection_uses = 0;  // requests sent over it, the failed one included; 0: none
    std::chrono::nanoseconds connection_age{0};  // from its making to the failure
    milliseconds connection_idle{0};             // before the request that failed
    std::string_view trace_id;                   // 32 hexadecimal digits, or empty
    std::string_view span_id;                    // of the gateway's own span; 16, or empty
};

}  // namespace gateway::observe

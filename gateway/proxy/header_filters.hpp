// SPDX-License-Identifier: Apache-2.0
// What travels on from one side's head to the other's. Pure functions over parsed heads; framing
// is always written anew, so that what goes on has exactly one reading.
#pragma once

#include "http/forwarded.hpp"
#include "http/framing.hpp"
#include "http/head.hpp"
#include "http/head_writer.hpp"
#include "http/hop_by_hop.hpp"
#include "http/target.hpp"
#include "proxy/request_trace.hpp"
#include "runtime/block_pool.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gateway::proxy {

// All that the request's head for the upstream is made of. Borrowed for the call.
struct outgoing_request {
    http::request_head const& head;
    http::connection_options const& options;
    http::target_view const& target;
    http::body_framing body;
    settings::route const& route;
    std::string_view host;           // settings' override; empty keeps the client's
    std::string_view fallback_host;  // for an HTTP/1.0 request that named none
    std::string_view peer_text;      // the connection's peer
    std::string_view client_text;    // the client after trusted proxies
    std::string_view request_id;
    std::uint16_t local_port;
    bool trusted_peer;
    bool upgrade;
    bool via;
    std::optional<std::uint32_t> max_forwards{};  // in place of the client's
    request_trace const* trace = nullptr;         // null: the fields of a trace pass as they came
};

void write_request(http::head_writer& out, outgoing_request const& request);

enum class client_connection : std::uint8_t { keep_alive, close, upgrade };

struct outgoing_response {
    http::response_head const& head;
    http::connection_options const& options;
    http::body_framing body;
    bool chunked;    // the body goes out in chunks, whatever it came in
    bool head_only;  // answer to HEAD: a Content-Length describes, nothing follows
    client_connection connection;
    bool http_1_0;  // the client's version: keep-alive must be said
    settings::route const& route;
    std::string_view request_id;
    std::string_view date;          // used when the upstream sent none (RFC 9110 6.6.1)
    std::string_view set_cookie{};  // of the gateway's own; empty for none
};

void write_response(http::head_writer& out, outgoing_response const& response);

// An interim response (1xx) for a client that can read it. What the route sets or removes is left
// out; what it adds belongs to the final one.
void write_interim(
    http::head_writer& out,
    http::response_head const& head,
    http::connection_options const& options,
    settings::header_edits const& edits);

// Whether a route sets or removes this field, so that it must not come from anywhere else: not from
// a trailer section either.
bool is_edited_away(settings::header_edits const& edits, std::string_view name);

// Memory for a head made from one of `head_size` bytes.
runtime::block lend_for_head(
    runtime::block_pool& blocks, std::size_t head_size, settings::header_edits const& edits);

}  // namespace gateway::proxy

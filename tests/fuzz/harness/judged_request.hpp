// SPDX-License-Identifier: Apache-2.0
// A request as the gateway judges it, and its head as it would go upstream.
#pragma once

#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "http/hop_by_hop.hpp"
#include "http/host.hpp"
#include "http/target.hpp"
#include "http/upgrade.hpp"
#include "proxy/header_filters.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace gateway::fuzz {

inline constexpr std::string_view request_id = "0123456789abcdef";
inline constexpr std::string_view peer_text = "10.1.2.3";

struct judged_request {
    std::string scratch;
    http::request_head head;
    http::body_framing body;
    http::connection_options options;
    http::target_view target;

    // The verdict on a head that was parsed, in the order of proxy/exchange_receive.
    cause judge() {
        cause why = http::parse_connection(head, options);
        if (why == cause::none) why = http::check_host(head);
        if (why == cause::none) why = http::frame_request(head, body);
        if (why != cause::none) return why;
        scratch.resize(head.target().size());
        return http::parse_target(head, scratch, target);
    }
    bool upgrades() const { return http::is_upgrade_request(head, options); }

    std::string written(
        settings::route const& route,
        bool trusted_peer,
        std::string_view client_text = peer_text,
        bool via = true,
        proxy::request_trace const* trace = nullptr) const {
        std::string out(256 * 1024, '\0');
        http::head_writer writer{out};
        proxy::write_request(
            writer, {.head = head,
                     .options = options,
                     .target = target,
                     .body = body,
                     .route = route,
                     .host = {},
                     .fallback_host = "app:80",
                     .peer_text = peer_text,
                     .client_text = client_text,
                     .request_id = request_id,
                     .local_port = 8080,
                     .trusted_peer = trusted_peer,
                     .upgrade = upgrades(),
                     .via = via,
                     .trace = trace});
        GATEWAY_CHECK(!writer.overflowed());
        out.resize(writer.size());
        return out;
    }
};

// Room for what the gateway adds to a head.
inline constexpr http::head_limits wide_limits{256 * 1024, 65'535, http::fields_capacity};

// On the heap: heads are large.
inline std::unique_ptr<judged_request> parse_request(
    std::string_view text, http::head_limits const& limits = {}) {
    auto request = std::make_unique<judged_request>();
    http::request_parser parser;
    if (parser.parse(text, limits, request->head) != http::parse_step::complete) return nullptr;
    return request;
}

}  // namespace gateway::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "proxy/header_filters.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <limits>

namespace gateway::proxy {
namespace {

using enum http::field_id;

constexpr std::uint64_t bit(http::field_id id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
}

constexpr std::uint64_t hop_by_hop_bits() {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < http::field_id_count; ++i) {
        auto const id = static_cast<http::field_id>(i);
        if (http::is_hop_by_hop(id)) bits |= bit(id);
    }
    return bits;
}

constexpr std::uint64_t hop_bits = hop_by_hop_bits();

// Written anew for every request, whoever sent it. An alias of a field ("X_Forwarded_For") would be
// taken for the real one by an application behind CGI or WSGI.
constexpr std::uint64_t request_own_bits = hop_bits | bit(alias) | bit(content_length) | bit(host) |
                                           bit(proxy_status) | bit(x_forwarded_for) |
                                           bit(x_real_ip) | bit(x_request_id);
// What only a trusted proxy may say of the client.
constexpr std::uint64_t forwarding_bits = bit(forwarded) | bit(x_forwarded) | bit(x_forwarded_by) |
                                          bit(x_forwarded_host) | bit(x_forwarded_other) |
                                          bit(x_forwarded_port) | bit(x_forwarded_prefix) |
                                          bit(x_forwarded_proto) | bit(x_forwarded_server);
// Written anew where the gateway takes part in a trace.
constexpr std::uint64_t trace_bits = bit(traceparent) | bit(tracestate) | bit(x_amzn_trace_id);
constexpr std::uint64_t response_own_bits = hop_bits | bit(content_length) | bit(x_request_id);

// What our own fields add to a head at most: names, an ID of 128 bytes, addresses, a host twice.
constexpr std::size_t added_bytes_max = 4 * 1024;

std::size_t edits_size(settings::header_edits const& edits) {
    std::size_t size = 0;
    for (auto const& [name, value] : edits.set) size += name.size() + value.size() + 4;
    for (auto const& [name, value] : edits.add) size += name.size() + value.size() + 4;
    return size;
}

// The same field for whoever reads it, an application behind CGI or WSGI included: what a route
// sets there, such as a secret that the application trusts, must not come from a client as well.
bool same_variable(std::string_view a, std::string_view b) {
    auto const folded = [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) ? ascii::lower(c) : '_';
    };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) {
               return folded(x) == folded(y);
           });
}

bool edits_anything_away(settings::header_edits const& edits) {
    return !edits.set.empty() || !edits.remove.empty();
}

// Copies the fields that may travel. Neighbours that came in the plain form "name: value CRLF" are
// copied as one run of bytes.
void copy_fields(
    http::head_writer& out,
    http::head const& head,
    http::connection_options const& options,
    std::uint64_t dropped,
    settings::header_edits const& edits) {
    bool const has_edits = edits_anything_away(edits);
    char const* run_begin = nullptr;
    char const* run_end = nullptr;
    auto const flush = [&] {
        if (run_begin != run_end) {
            out.append({run_begin, static_cast<std::size_t>(run_end - run_begin)});
        }
        run_begin = run_end = nullptr;
    };
    char const* const end_of_head = head.base() + head.size();
    for (http::field const& field : head.fields()) {
        if ((dropped >> static_cast<unsigned>(field.id) & 1) != 0) continue;
        if (options.name_count != 0 && http::named_by_connection(head, options, field)) continue;
        std::string_view const name = head.name(field);
        if (has_edits && is_edited_away(edits, name)) continue;
        std::string_view const value = head.value(field);
        char const* const end = value.data() + value.size();
        bool const plain = value.data() == name.data() + name.size() + 2 &&
                           name.data()[name.size() + 1] == ' ' && end + 2 <= end_of_head &&
                           end[0] == '\r';
        if (!plain) {
            flush();
            out.field(name, value);
            continue;
        }
        if (name.data() != run_end) {
            flush();
            run_begin = name.data();
        }
        run_end = end + 2;
    }
    flush();
}

void write_added(http::head_writer& out, settings::header_edits const& edits) {
    for (auto const& [name, value] : edits.set) out.field(name, value);
    for (auto const& [name, value] : edits.add) out.field(name, value);
}

// The gateway's own fields, unless the route sets or removes them.
class own_fields {
public:
    own_fields(http::head_writer& out, settings::header_edits const& edits)
        : out_(out), edits_(edits), edited_(edits_anything_away(edits)) {}
    bool wants(std::string_view name) const { return !edited_ || !is_edited_away(edits_, name); }
    template <std::size_t Terminated, class Value>
    void put(char const (&name)[Terminated], Value value) const {
        if (wants(name)) out_.field(name, value);
    }

private:
    http::head_writer& out_;
    settings::header_edits const& edits_;
    bool edited_;
};

// Appends the peer to the list that a trusted proxy sent (several lines are one list,
// RFC 9110 5.3), or begins a new one.
void write_forwarded_for(http::head_writer& out, outgoing_request const& request) {
    out.append("X-Forwarded-For: ");
    if (request.trusted_peer && request.head.has(x_forwarded_for)) {
        bool begun = false;
        for (http::field const& field : request.head.fields()) {
            if (field.id != x_forwarded_for) continue;
            // An empty one ends the walk of http/forwarded; left out, it would end nobody else's.
            begun |= field.value_size != 0;
            if (begun) out.append(request.head.value(field)).append(", ");
        }
    }
    out.append(request.peer_text).end_line();
}

void write_forwarding(http::head_writer& out, outgoing_request const& request) {
    http::head const& head = request.head;
    bool const believed = request.trusted_peer;
    own_fields const own{out, request.route.request_headers};
    if (own.wants("X-Forwarded-For")) write_forwarded_for(out, request);
    own.put("X-Real-IP", request.client_text);
    if (!believed || !head.has(x_forwarded_proto)) {
        own.put("X-Forwarded-Proto", std::string_view{"http"});
    }
    if (!believed || !head.has(x_forwarded_port)) {
        own.put("X-Forwarded-Port", std::uint64_t{request.local_port});
    }
    if (!believed || !head.has(x_forwarded_host)) {
        std::string_view const asked = request.target.form == http::target_form::absolute
                                           ? request.target.authority
                                           : head.value_of(host);
        if (!asked.empty()) own.put("X-Forwarded-Host", asked);
    }
    own.put("X-Request-Id", request.request_id);
    if (request.via) {
        own.put("Via", std::string_view{head.minor_version == 0 ? "1.0 gateway" : "1.1 gateway"});
    }
    if (request.max_forwards) own.put("Max-Forwards", std::uint64_t{*request.max_forwards});
}

void write_trace(http::head_writer& out, outgoing_request const& request) {
    request_trace const& trace = *request.trace;
    own_fields const own{out, request.route.request_headers};
    if (own.wants("traceparent")) {
        auto const text = http::print_traceparent(trace.id, trace.upstream_parent, trace.sampled);
        out.field("traceparent", std::string_view{text.data(), text.size()});
    }
    if (trace.passes_states && own.wants("tracestate")) {
        out.append("tracestate: ");
        write_tracestate(out, request.head);
    }
    if (!trace.keeps_amzn && own.wants("X-Amzn-Trace-Id")) {
        out.append("X-Amzn-Trace-Id: ");
        write_amzn_trace_id(out, request.head, trace);
    }
}

bool accepts_trailers(http::head const& head) {
    for (http::field const& field : head.fields()) {
        if (field.id != te) continue;
        std::string_view list = head.value(field);
        std::string_view element;
        while (ascii::next_element(list, element)) {
            if (ascii::equal_ignoring_case(element, "trailers")) return true;
        }
    }
    return false;
}

void write_request_connection(http::head_writer& out, outgoing_request const& request) {
    bool const trailers = request.head.has(te) && accepts_trailers(request.head);
    if (request.upgrade) {
        out.append("Connection: upgrade\r\n");
        out.field("Upgrade", request.head.value_of(upgrade));
    } else if (trailers) {
        out.append("TE: trailers\r\nConnection: TE\r\n");  // RFC 9110 10.1.4
    }
    if (request.body.kind == http::body_kind::chunked) {
        out.append("Transfer-Encoding: chunked\r\n");
    } else if (request.body.kind == http::body_kind::length) {
        out.field("Content-Length", request.body.length);
    }
}

}  // namespace

bool is_edited_away(settings::header_edits const& edits, std::string_view name) {
    for (auto const& [set_name, value] : edits.set) {
        if (same_variable(set_name, name)) return true;
    }
    for (auto const& removed : edits.remove) {
        if (same_variable(removed, name)) return true;
    }
    return false;
}

void write_request(http::head_writer& out, outgoing_request const& request) {
    http::request_head const& head = request.head;
    out.append(head.method_text()).append(' ').append(request.target.path_and_query);
    out.append(" HTTP/1.1\r\n");

    // The authority of an absolute target wins over Host (RFC 9112 3.2.2).
    std::string_view asked = request.target.form == http::target_form::absolute
                                 ? request.target.authority
                                 : head.value_of(host);
    if (!request.host.empty()) asked = request.host;
    if (asked.empty()) asked = request.fallback_host;
    out.field("Host", asked);

    std::uint64_t dropped =
        request.trusted_peer ? request_own_bits : request_own_bits | forwarding_bits;
    if (request.max_forwards) dropped |= bit(max_forwards);
    if (request.trace != nullptr) {
        dropped |= request.trace->keeps_amzn ? trace_bits & ~bit(x_amzn_trace_id) : trace_bits;
    }
    copy_fields(out, head, request.options, dropped, request.route.request_headers);
    write_forwarding(out, request);
    if (request.trace != nullptr) write_trace(out, request);
    write_request_connection(out, request);
    write_added(out, request.route.request_headers);
    out.end_line();
}

void write_response(http::head_writer& out, outgoing_response const& response) {
    http::response_head const& head = response.head;
    out.append("HTTP/1.1 ").number(head.status).append(' ').append(head.reason()).end_line();
    copy_fields(out, head, response.options, response_own_bits, response.route.response_headers);
    own_fields const own{out, response.route.response_headers};
    if (!head.has(date)) own.put("Date", response.date);
    own.put("X-Request-Id", response.request_id);
    if (!response.set_cookie.empty()) out.field("Set-Cookie", response.set_cookie);

    if (response.connection == client_connection::upgrade) {
        out.append("Connection: upgrade\r\n");
        out.field("Upgrade", head.value_of(upgrade));
    } else {
        // No framing on 1xx and 204 (RFC 9110 8.6); on HEAD and 304 it only describes.
        if (response.chunked) {
            out.append("Transfer-Encoding: chunked\r\n");
        } else if (response.body.kind == http::body_kind::length && head.status != 204) {
            out.field("Content-Length", response.body.length);
        } else if (
            response.head_only && head.status >= 200 && head.status != 204 &&
            head.has(content_length)) {
            // http/framing has judged it, so it is a number; leading zeros do not travel.
            std::uint64_t length = 0;
            ascii::parse_decimal(
                head.value_of(content_length), std::numeric_limits<std::uint64_t>::max(), length);
            out.field("Content-Length", length);
        }
        if (response.connection == client_connection::close) {
            out.append("Connection: close\r\n");
        } else if (response.http_1_0) {
            out.append("Connection: keep-alive\r\n");
        }
    }
    write_added(out, response.route.response_headers);
    out.end_line();
}

void write_interim(
    http::head_writer& out,
    http::response_head const& head,
    http::connection_options const& options,
    settings::header_edits const& edits) {
    out.append("HTTP/1.1 ").number(head.status).append(' ').append(head.reason()).end_line();
    copy_fields(out, head, options, response_own_bits, edits);
    out.end_line();
}

runtime::block lend_for_head(
    runtime::block_pool& blocks, std::size_t head_size, settings::header_edits const& edits) {
    return blocks.lend(std::min(
        head_size + edits_size(edits) + added_bytes_max, runtime::block_pool::large_bytes));
}

}  // namespace gateway::proxy

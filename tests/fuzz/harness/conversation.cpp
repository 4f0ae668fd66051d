// SPDX-License-Identifier: Apache-2.0
#include "harness/conversation.hpp"

#include "base/check.hpp"
#include "harness/judged_request.hpp"
#include "harness/plain_message.hpp"
#include "http/chunked.hpp"

#include <algorithm>
#include <cstdlib>

namespace gateway::fuzz {
namespace {

// Takes a chunked body off `bytes`; false when it is bad or not all there.
bool take_chunks(std::string_view& bytes, std::string& payload) {
    http::chunk_decoder decoder;
    for (;;) {
        http::chunk_step const step = decoder.next(bytes);
        payload += step.payload;
        bytes.remove_prefix(step.consumed);
        if (step.event == http::chunk_event::finished) return true;
        if (step.event == http::chunk_event::refused || bytes.empty()) return false;
    }
}

// Takes a body off `bytes`; false when it is not all there.
bool take_body(
    std::string_view& bytes, http::body_framing const& framing, bool finished, std::string& body) {
    if (framing.kind == http::body_kind::none) return true;
    if (framing.kind == http::body_kind::chunked) return take_chunks(bytes, body);
    if (framing.kind == http::body_kind::until_close) {
        body += std::exchange(bytes, {});
        return finished;
    }
    std::string_view const part = bytes.substr(0, framing.length);
    bytes.remove_prefix(part.size());
    body += part;
    return part.size() == framing.length;
}

bool is_gateways_own(plain_head const& head, said_response const& what, bool to_head) {
    std::string const type = head.value("Content-Type");
    bool const fits = type.starts_with("application/json") || type.starts_with("text/html");
    if (!fits || head.count("Via") != 0) return false;
    if (what.body.empty()) return to_head || !what.whole;
    std::string_view const body = what.body;
    for (std::string_view const begin : {"{\"status\":", "<!doctype html>\n<html lang=\"en\">"}) {
        if (body.starts_with(begin) || begin.starts_with(body)) return true;
    }
    return false;
}

// The last body on a connection ends with it: as a whole only in order.
bool close_says_whole(simulated_link const& client) {
    return client.ended_in_order && !client.ended_by_reset && !client.was_reset;
}

}  // namespace

std::vector<bool> head_requests_of(std::string_view bytes) {
    std::vector<bool> all;
    while (!bytes.empty()) {
        auto const request = parse_request(bytes);
        if (!request || request->judge() != cause::none) break;
        all.push_back(request->head.method_id == http::method::head);
        bytes.remove_prefix(request->head.size());
        std::string body;
        if (!take_body(bytes, request->body, false, body)) break;
    }
    return all;
}

std::vector<said_response> responses_to(
    simulated_link const& client, std::vector<bool> const& to_head, bool& tunnelled) {
    std::vector<said_response> all;
    std::string_view rest = client.received;
    tunnelled = false;
    plain_head head;
    while (!rest.empty() && read_head(rest, head)) {
        GATEWAY_CHECK(head.first_line.starts_with("HTTP/1.1 "));
        int const status = std::atoi(head.word(1).c_str());
        GATEWAY_CHECK(status >= 100 && status <= 999);
        if (status == 101) {
            tunnelled = true;
            break;
        }
        bool const answers_head = all.size() < to_head.size() && to_head[all.size()];
        plain_framing const framing = response_framing(head, answers_head);
        if (status < 200) continue;
        said_response& one = all.emplace_back();
        one.status = status;
        one.whole = read_body(rest, framing, one.body);
        one.from_gateway = is_gateways_own(head, one, answers_head);
        if (framing.kind == plain_kind::until_close) one.whole = close_says_whole(client);
        if (!one.whole) break;
        // Nothing follows what was announced as the last.
        if (same_name(head.value("Connection"), "close")) GATEWAY_CHECK(rest.empty());
    }
    return all;
}

std::vector<said_request> requests_over(simulated_link const& origin) {
    std::vector<said_request> all;
    std::string_view bytes = origin.received;
    // Behind an upgrade that was accepted there is no HTTP.
    bool const perhaps_tunnel = origin.sent.find(" 101") != std::string::npos;
    plain_head head;
    while (!bytes.empty() && read_head(bytes, head)) {
        GATEWAY_CHECK(head.word(2) == "HTTP/1.1" && head.count("Host") == 1);
        said_request& one = all.emplace_back();
        one.method = head.word(0);
        one.target = head.word(1);
        one.upgrade = head.count("Upgrade") != 0;
        std::string body;
        one.whole = read_body(bytes, request_framing(head), body);
        if (!one.whole || (one.upgrade && perhaps_tunnel)) break;
    }
    return all;
}

std::vector<said_response> responses_over(
    simulated_link const& origin, std::vector<said_request> const& requests) {
    std::vector<said_response> all;
    std::string_view bytes = origin.sent;
    bool const finished = origin.finished && !origin.was_reset;
    auto head = std::make_unique<http::response_head>();
    while (!bytes.empty() && all.size() < requests.size()) {
        http::response_parser parser;
        if (parser.parse(bytes, {}, *head) != http::parse_step::complete) break;
        http::body_framing framing;
        bool const to_head = requests[all.size()].method == "HEAD";
        auto const asked = to_head ? http::method::head : http::method::get;
        if (http::frame_response(*head, asked, framing) != cause::none) break;
        bytes.remove_prefix(head->size());
        if (head->status < 200) continue;
        said_response& one = all.emplace_back();
        one.status = head->status;
        one.whole = take_body(bytes, framing, finished, one.body);
        if (!one.whole) break;
    }
    return all;
}

}  // namespace gateway::fuzz

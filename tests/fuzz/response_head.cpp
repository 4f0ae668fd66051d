// SPDX-License-Identifier: Apache-2.0
// A response's head: one verdict however it is cut; what is accepted goes to the client as the same
// response with exactly one framing. The first byte says what was asked and how.
#include "harness/growing_buffer.hpp"
#include "harness/plain_message.hpp"
#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "http/hop_by_hop.hpp"
#include "proxy/header_filters.hpp"

#include <algorithm>
#include <memory>

namespace gateway::fuzz {
namespace {

struct setting {
    bool small_limits;
    bool to_head;
    bool http_1_0;
    bool close;
};

struct verdict {
    http::parse_step step = http::parse_step::incomplete;
    cause why = cause::none;

    bool operator==(verdict const&) const = default;
};

verdict parse_cut(
    std::string_view text, http::head_limits const& limits, std::size_t first, std::size_t step) {
    auto head = std::make_unique<http::response_head>();
    growing_buffer bytes{text};
    http::response_parser parser;
    verdict result;
    for (std::size_t size = std::min(first, text.size());;) {
        result.step = parser.parse(bytes.show(size), limits, *head);
        if (result.step != http::parse_step::incomplete || size == text.size()) break;
        size = std::min(size + step, text.size());
    }
    if (result.step == http::parse_step::refused) result.why = parser.why();
    return result;
}

void check_reading(http::response_head const& head) {
    std::string_view text = head.text();
    plain_head plain;
    GATEWAY_CHECK(read_head(text, plain) && text.empty());
    GATEWAY_CHECK(plain.word(0) == (head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1"));
    GATEWAY_CHECK(plain.word(1) == std::to_string(head.status));
    GATEWAY_CHECK(plain.fields.size() == head.fields().size());
    for (std::size_t i = 0; i < plain.fields.size(); ++i) {
        GATEWAY_CHECK(plain.fields[i].first == head.name(head.fields()[i]));
        GATEWAY_CHECK(plain.fields[i].second == head.value(head.fields()[i]));
    }
}

// As proxy/exchange_relay decides it.
std::string written(
    http::response_head const& head,
    http::connection_options const& options,
    http::body_framing const& body,
    setting const& given,
    bool& chunked) {
    bool const endless =
        body.kind == http::body_kind::until_close || body.kind == http::body_kind::chunked;
    chunked = endless && !given.http_1_0;
    bool const close = given.close || (endless && given.http_1_0);
    std::string out(256 * 1024, '\0');
    http::head_writer writer{out};
    if (head.status / 100 == 1) {
        proxy::write_interim(writer, head, options, settings::header_edits{});
    } else {
        proxy::write_response(
            writer, {.head = head,
                     .options = options,
                     .body = body,
                     .chunked = chunked,
                     .head_only = body.kind == http::body_kind::none,
                     .connection = close ? proxy::client_connection::close
                                         : proxy::client_connection::keep_alive,
                     .http_1_0 = given.http_1_0,
                     .route = {},
                     .request_id = "0123456789abcdef",
                     .date = "Thu, 01 Jan 2026 00:00:00 GMT"});
    }
    GATEWAY_CHECK(!writer.overflowed());
    out.resize(writer.size());
    return out;
}

void check_framing(
    plain_head const& out, http::body_framing const& body, setting const& given, bool chunked) {
    plain_framing const framing = response_framing(out, given.to_head);
    if (body.kind == http::body_kind::none) {
        // 1xx, 204, 304, and answers to HEAD: nothing follows.
        GATEWAY_CHECK(framing.kind == plain_kind::none);
    } else if (chunked) {
        GATEWAY_CHECK(framing.kind == plain_kind::chunked);
    } else if (body.kind == http::body_kind::length) {
        GATEWAY_CHECK(framing.kind == plain_kind::length && framing.length == body.length);
    } else {
        GATEWAY_CHECK(framing.kind == plain_kind::until_close);
        GATEWAY_CHECK(out.value("Connection") == "close");
    }
}

void check_written(
    http::response_head const& head,
    http::connection_options const& options,
    http::body_framing const& body,
    setting const& given) {
    bool chunked = false;
    std::string const text = written(head, options, body, given, chunked);
    std::string_view rest = text;
    plain_head out;
    GATEWAY_CHECK(read_head(rest, out) && rest.empty());
    GATEWAY_CHECK(out.word(1) == std::to_string(head.status));
    check_framing(out, body, given, chunked);
    for (auto const& [name, value] : out.fields) {
        bool const from_us = same_name(name, "Connection") || same_name(name, "Transfer-Encoding");
        GATEWAY_CHECK(from_us || !http::is_hop_by_hop(http::id_of(name)));
    }
    // Read again it is the same message.
    auto again = std::make_unique<http::response_head>();
    http::response_parser parser;
    http::head_limits const wide{256 * 1024, 65'535, http::fields_capacity};
    GATEWAY_CHECK(parser.parse(text, wide, *again) == http::parse_step::complete);
    GATEWAY_CHECK(again->size() == text.size() && again->status == head.status);
    http::body_framing framing;
    http::method const asked = given.to_head ? http::method::head : http::method::get;
    GATEWAY_CHECK(http::frame_response(*again, asked, framing) == cause::none);
    std::size_t at = 0;
    for (auto const& f : head.fields()) {
        bool const ruled = f.id != http::field_id::other;
        if (ruled || http::named_by_connection(head, options, f)) continue;
        std::pair<std::string, std::string> const wanted{head.name(f), head.value(f)};
        while (at < out.fields.size() && out.fields[at] != wanted) ++at;
        GATEWAY_CHECK(at < out.fields.size());
        ++at;
    }
}

void run(std::string_view input) {
    if (input.empty()) return;
    auto const flags = static_cast<unsigned char>(input[0]);
    std::string_view const text = input.substr(1);
    setting const given{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0};
    http::head_limits limits;
    if (given.small_limits) limits = {.bytes_max = 200, .line_bytes_max = 60, .fields_max = 4};

    auto head = std::make_unique<http::response_head>();
    http::response_parser parser;
    verdict whole{parser.parse(text, limits, *head), cause::none};
    if (whole.step == http::parse_step::refused) whole.why = parser.why();
    GATEWAY_CHECK(parse_cut(text, limits, 0, 1) == whole);
    for_each_split(text.size(), [&](std::size_t at) {
        GATEWAY_CHECK(parse_cut(text, limits, at, text.size()) == whole);
    });
    if (whole.step != http::parse_step::complete) return;
    GATEWAY_CHECK(head->size() <= limits.bytes_max);
    check_reading(*head);

    http::connection_options options;
    http::body_framing body;
    http::method const asked = given.to_head ? http::method::head : http::method::get;
    if (http::parse_connection(*head, options) != cause::none) return;
    if (http::frame_response(*head, asked, body) != cause::none) return;
    if (head->status != 101) check_written(*head, options, body, given);
}

}  // namespace
}  // namespace gateway::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    gateway::fuzz::run({reinterpret_cast<char const*>(data), size});
    return 0;
}

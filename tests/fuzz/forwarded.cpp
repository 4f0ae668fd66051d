// SPDX-License-Identifier: Apache-2.0
// What a request says of its client: an untrusted peer's word never passes, and an application that
// walks our X-Forwarded-For as we do finds the client that we found. One trace goes on, in the
// exact form, whatever came. The input is field lines; its first byte chooses who the peer is.
#include "harness/judged_request.hpp"
#include "harness/plain_message.hpp"
#include "observe/request_id.hpp"
#include "proxy/balance_key.hpp"
#include "proxy/request_trace.hpp"
#include "upstream/learned_keep_alive.hpp"

#include <algorithm>
#include <optional>

namespace gateway::fuzz {
namespace {

using ranges = std::vector<http::address_range>;

http::address16 address(std::string_view text) {
    http::address16 out{};
    GATEWAY_CHECK(http::parse_address(text, out));
    return out;
}

ranges const& trusted_ranges() {
    static ranges const all{
        {address("10.0.0.0"), 104}, {address("fd00::"), 8}, {address("192.0.2.7"), 128}};
    return all;
}

// The slow way: bit by bit.
bool is_trusted(http::address16 const& one) {
    auto const bit = [](http::address16 const& a, unsigned i) {
        return a[i / 8] >> (7 - i % 8) & 1;
    };
    return std::any_of(trusted_ranges().begin(), trusted_ranges().end(), [&](auto const& range) {
        for (unsigned i = 0; i < range.prefix_bits; ++i) {
            if (bit(one, i) != bit(range.network, i)) return false;
        }
        return true;
    });
}

std::string printed(http::address16 const& one) {
    std::array<char, http::address_text_max + 1> buffer{};
    return std::string{http::print_address(one, buffer)};
}

void check_address_text(std::string_view text) {
    http::address16 one{};
    if (!http::parse_address(text, one)) return;
    http::address16 again{};
    GATEWAY_CHECK(http::parse_address(printed(one), again) && again == one);
    GATEWAY_CHECK(http::contains(trusted_ranges(), one) == is_trusted(one));
}

// Values of one name, as one list.
std::string list_of(plain_head const& head, std::string_view name) {
    std::string all;
    for (auto const& [each, value] : head.fields) {
        if (!same_name(each, name) || value.empty()) continue;
        all.append(all.empty() ? "" : ", ").append(value);
    }
    return all;
}

constexpr std::string_view gateways_own[] = {
    "X-Forwarded-For", "X-Real-IP", "X-Request-Id", "X-Forwarded-Proto", "X-Forwarded-Port"};
constexpr std::string_view peers_word[] = {
    "Forwarded", "X-Forwarded", "X-Forwarded-By", "X-Forwarded-Prefix", "X-Forwarded-Server"};

void check_untrusted(plain_head const& out) {
    GATEWAY_CHECK(out.value("X-Forwarded-For") == peer_text);
    GATEWAY_CHECK(out.value("X-Forwarded-Proto") == "http");
    GATEWAY_CHECK(out.value("X-Forwarded-Port") == "8080");
    for (auto const name : gateways_own) GATEWAY_CHECK(out.count(name) == 1);
    GATEWAY_CHECK(out.count("X-Forwarded-Host") == 1);
    GATEWAY_CHECK(out.value("X-Forwarded-Host") == out.value("Host"));
}

void check_written(judged_request const& in, bool trusted, std::string const& client) {
    settings::route const route;
    std::string const text = in.written(route, trusted, client);
    std::string_view rest = text;
    plain_head out;
    GATEWAY_CHECK(read_head(rest, out) && rest.empty());
    for (auto const name : {"X-Forwarded-For", "X-Real-IP", "X-Request-Id"}) {
        GATEWAY_CHECK(out.count(name) == 1);
    }
    GATEWAY_CHECK(out.value("X-Real-IP") == client && out.value("X-Request-Id") == request_id);
    for (auto const& [name, value] : out.fields) {
        // A name that CGI could take for one of these.
        std::string dashed = name;
        std::replace(dashed.begin(), dashed.end(), '_', '-');
        std::replace(dashed.begin(), dashed.end(), '.', '-');
        auto const id = http::id_of(dashed);
        bool const has_a_rule = http::is_forwarding(id) && !http::name_of(id).empty();
        GATEWAY_CHECK(dashed == name || !has_a_rule);
    }
    if (!trusted) {
        check_untrusted(out);
        // A second field of ours in disguise; what we wrote ourselves is one of each.
        for (auto const name : peers_word) {
            GATEWAY_CHECK(out.count(name) == 0 || same_name(name, "Forwarded"));
        }
        return;
    }
    std::string const list = list_of(out, "X-Forwarded-For");
    GATEWAY_CHECK(list.ends_with(peer_text));

    // The application trusts us and the same proxies.
    auto const again = parse_request(text, wide_limits);
    GATEWAY_CHECK(again && again->judge() == cause::none);
    auto const us = address("10.9.9.9");
    GATEWAY_CHECK(printed(http::client_address(again->head, us, trusted_ranges())) == client);
}

void check_trace(judged_request const& in, bool trusted) {
    observe::request_id_source ids{{1, 2, 3, 4}};
    settings::tracing wanted;
    wanted.mode = settings::tracing_mode::propagate;
    wanted.sample = 0;
    auto const from = trusted ? proxy::caller::inside : proxy::caller::outside;
    proxy::request_trace trace;
    proxy::begin_trace(trace, &in.head, wanted, from, 1'800'000'000, ids);
    GATEWAY_CHECK(trace.known && (trusted || !trace.sampled));

    settings::route const route;
    std::string const text = in.written(route, trusted, peer_text, true, &trace);
    std::string_view rest = text;
    plain_head out;
    GATEWAY_CHECK(read_head(rest, out) && rest.empty());
    GATEWAY_CHECK(out.count("traceparent") == 1 && out.count("tracestate") <= 1);
    GATEWAY_CHECK(out.count("X-Amzn-Trace-Id") <= 1);
    GATEWAY_CHECK(out.value("tracestate").size() <= http::tracestate_bytes_max);
    std::string const parent = out.value("traceparent");
    http::trace_origin origin;
    GATEWAY_CHECK(parent.size() == http::traceparent_size);
    GATEWAY_CHECK(http::parse_traceparent(parent, origin) && origin.trace == trace.id);
    GATEWAY_CHECK((origin.decision == http::sampling::recorded) == trace.sampled);
    if (trace.keeps_amzn) return;
    GATEWAY_CHECK(http::parse_amzn_trace_id(out.value("X-Amzn-Trace-Id"), origin));
    GATEWAY_CHECK(origin.trace == trace.id && origin.parent == trace.upstream_parent);
}

// Small readers of values that peers choose.
void check_values(http::head const& head) {
    for (auto const& f : head.fields()) {
        std::string_view const value = head.value(f);
        check_address_text(value);
        auto const idle = upstream::announced_keep_alive(value);
        GATEWAY_CHECK(!idle || (*idle >= milliseconds{0} && *idle <= milliseconds{1'000'000'000}));
        std::string_view const parameter = proxy::parameter_of(value, "a");
        GATEWAY_CHECK(value.find(parameter) != std::string_view::npos);
    }
    std::string_view const cookie = proxy::cookie_of(head, "a");
    GATEWAY_CHECK(head.text().find(cookie) != std::string_view::npos);
    GATEWAY_CHECK(cookie.find_first_of(";\r\n") == std::string_view::npos);
}

void run(std::string_view input) {
    if (input.empty()) return;
    bool const trusted = (static_cast<unsigned char>(input[0]) & 1) != 0;
    std::string text{"GET / HTTP/1.1\r\nHost: example.com\r\n"};
    text.append(input.substr(1)).append("\r\n\r\n");
    check_address_text(input.substr(1));
    auto const request = parse_request(text);
    if (!request || request->judge() != cause::none) return;
    check_values(request->head);
    check_trace(*request, trusted);

    auto const peer = address(peer_text);
    GATEWAY_CHECK(is_trusted(peer));
    ranges const nobody;
    GATEWAY_CHECK(http::client_address(request->head, peer, nobody) == peer);
    auto const client = http::client_address(request->head, peer, trusted_ranges());
    check_written(*request, trusted, trusted ? printed(client) : std::string{peer_text});
}

}  // namespace
}  // namespace gateway::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    gateway::fuzz::run({reinterpret_cast<char const*>(data), size});
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "proxy/probe.hpp"

#include "base/ascii.hpp"
#include "http/chunked.hpp"
#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "net/dialer.hpp"
#include "net/timed_wait.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace gateway::proxy {
namespace {

using observe::probe_result;

constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr unsigned interim_max = 16;
constexpr http::head_limits head_limits_of_probes{};

bool is_expected(settings::health_check const& rules, std::uint16_t status) {
    return std::any_of(
        rules.expect_status.begin(), rules.expect_status.end(),
        [&](settings::status_range const& each) {
            return status >= each.first && status <= each.last;
        });
}

// The answer as far as it has come.
struct answer {
    http::response_parser parser;
    http::response_head head;
    http::body_framing framing;
    http::chunk_decoder chunks;
    std::string bytes;     // of the head, then of the body as it came
    std::size_t read = 0;  // of the body's bytes
    std::string body;      // decoded, where it is chunked
    unsigned interims = 0;
    bool head_complete = false;
};

probe_verdict failed(probe_result what, std::string why) { return {what, std::move(why)}; }

probe_verdict broken(cause why) {
    bool const late = why == cause::response_head_timeout || why == cause::connect_timeout;
    return failed(late ? probe_result::timeout : probe_result::broken, std::string{word_of(why)});
}

// Nothing while the answer may still go either way.
std::optional<probe_verdict> judge_head(
    settings::health_check const& rules, http::method asked, answer& so_far) {
    for (;;) {
        switch (so_far.parser.parse(so_far.bytes, head_limits_of_probes, so_far.head)) {
            case http::parse_step::incomplete: return std::nullopt;
            case http::parse_step::refused:
                return failed(probe_result::not_http, std::string{word_of(so_far.parser.why())});
            case http::parse_step::complete: break;
        }
        if (so_far.head.status >= 200) break;
        if (++so_far.interims > interim_max) return failed(probe_result::not_http, "no end of 1xx");
        so_far.bytes.erase(0, so_far.head.size());
        so_far.parser.reset();
    }
    so_far.head_complete = true;
    if (!is_expected(rules, so_far.head.status)) {
        return failed(probe_result::wrong_status, "status " + std::to_string(so_far.head.status));
    }
    if (rules.expect_body.empty()) return probe_verdict{};
    cause const fault = http::frame_response(so_far.head, asked, so_far.framing);
    if (fault != cause::none) return failed(probe_result::not_http, std::string{word_of(fault)});
    so_far.bytes.erase(0, so_far.head.size());
    return std::nullopt;
}

std::optional<probe_verdict> judge_body(
    settings::health_check const& rules, answer& so_far, bool ended) {
    bool complete = ended;
    if (so_far.framing.kind == http::body_kind::chunked) {
        for (;;) {
            auto const step =
                so_far.chunks.next(std::string_view{so_far.bytes}.substr(so_far.read));
            so_far.read += step.consumed;
            if (step.event == http::chunk_event::payload) {
                so_far.body.append(step.payload);
                continue;
            }
            if (step.event == http::chunk_event::refused) {
                return failed(probe_result::not_http, "malformed chunk");
            }
            complete = complete || step.event == http::chunk_event::finished;
            break;
        }
    } else if (so_far.framing.kind == http::body_kind::length) {
        complete = complete || so_far.bytes.size() >= so_far.framing.length;
    } else if (so_far.framing.kind == http::body_kind::none) {
        complete = true;
    }
    bool const chunked = so_far.framing.kind == http::body_kind::chunked;
    std::string_view const body =
        std::string_view{chunked ? so_far.body : so_far.bytes}.substr(0, body_bytes_max);
    if (body.find(rules.expect_body) != body.npos) return probe_verdict{};
    if (!complete && so_far.bytes.size() < body_bytes_max) return std::nullopt;
    return failed(probe_result::wrong_body, "the expected text is not in the body");
}

std::optional<probe_verdict> judge(
    settings::health_check const& rules, http::method asked, answer& so_far, bool ended) {
    if (!so_far.head_complete) {
        auto verdict = judge_head(rules, asked, so_far);
        if (verdict) return verdict;
    }
    if (so_far.head_complete) return judge_body(rules, so_far, ended);
    if (ended) return broken(cause::upstream_closed);
    return std::nullopt;
}

http::method method_of(settings::health_check const& rules) {
    return rules.method == "HEAD" ? http::method::head : http::method::get;
}

}  // namespace

std::string probe_request(settings::upstream const& of, std::string_view endpoint_text) {
    settings::health_check const& rules = of.health_check;
    std::string_view host = rules.host;
    if (host.empty()) host = of.host;
    if (host.empty()) host = endpoint_text;
    std::string text = rules.method + ' ' + rules.path + " HTTP/1.1\r\nHost: ";
    text.append(host).append("\r\nConnection: close\r\n");
    bool named = false;
    for (auto const& [name, value] : rules.headers) {
        named = named || ascii::equal_ignoring_case(name, "user-agent");
        text.append(name).append(": ").append(value).append("\r\n");
    }
    if (!named) text.append("User-Agent: gateway-health-check\r\n");
    return text.append("Accept: */*\r\n\r\n");
}

runtime::task<probe_verdict> probe(
    runtime::core& home,
    settings::health_check const& rules,
    net::address to,
    net::tls_peer* tls,
    std::string const& request,
    runtime::deadline_list& connect,
    net::stream& socket) {
    cause const unreachable = co_await net::dial(home, to, connect, socket, tls);
    if (unreachable != cause::none) {
        bool const late = unreachable == cause::connect_timeout ||
                          unreachable == cause::tls_handshake_timeout ||
                          unreachable == cause::response_head_timeout;
        co_return failed(
            late ? probe_result::timeout : probe_result::not_connected,
            std::string{word_of(unreachable)});
    }
    if (rules.kind == settings::probe_kind::tcp) co_return probe_verdict{};

    std::array<iovec, 1> pieces{net::piece(request.data(), request.size())};
    net::io_status const sent =
        co_await net::write_rest(socket, pieces, {home, connect, cause::response_head_timeout});
    if (sent != net::io_status::ok) {
        cause const why = socket.write_abort();
        co_return broken(why == cause::none ? cause::upstream_reset : why);
    }
    auto const so_far = std::make_unique<answer>();
    std::array<char, 4096> buffer;
    for (;;) {
        net::io_result const got = socket.try_read(buffer);
        if (got.status == net::io_status::would_block) {
            co_await socket.readable();
            continue;
        }
        if (got.status == net::io_status::aborted) co_return broken(socket.read_abort());
        if (got.status == net::io_status::cut) co_return broken(cause::upstream_closed);
        if (got.status == net::io_status::reset) {
            cause const why = socket.tls_failure();
            co_return broken(why == cause::none ? cause::upstream_reset : why);
        }
        so_far->bytes.append(buffer.data(), got.bytes);
        bool const ended = got.status == net::io_status::closed;
        std::optional<probe_verdict> verdict = judge(rules, method_of(rules), *so_far, ended);
        if (verdict) co_return std::move(*verdict);
    }
}

}  // namespace gateway::proxy

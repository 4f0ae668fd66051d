// SPDX-License-Identifier: Apache-2.0
#include "net/plain_get.hpp"

#include "base/ascii.hpp"

#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <optional>

namespace gateway::net {
namespace {

namespace asio = boost::asio;

constexpr std::size_t answer_bytes_max = 256 * 1024;
constexpr milliseconds look{100};  // whether it has been given up

struct parts {
    std::string host;       // without brackets
    std::string authority;  // as written
    std::string port = "80";
    std::string path = "/";
};

std::optional<parts> split(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    bool const visible =
        std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!url.starts_with(scheme) || !visible) return std::nullopt;
    url.remove_prefix(scheme.size());
    parts out;
    std::size_t const slash = url.find('/');
    if (slash != url.npos) out.path = url.substr(slash);
    std::string_view const authority = url.substr(0, slash);
    out.authority = authority;
    std::size_t const bracket = authority.rfind(']');
    std::size_t const colon = authority.rfind(':');
    bool const has_port = colon != authority.npos && (bracket == authority.npos || bracket < colon);
    if (has_port) out.port = authority.substr(colon + 1);
    out.host = authority.substr(0, has_port ? colon : authority.npos);
    if (out.host.starts_with('[') && out.host.ends_with(']')) {
        out.host = out.host.substr(1, out.host.size() - 2);
    }
    if (out.host.empty() || out.port.empty()) return std::nullopt;
    return out;
}

// "HTTP/1.1 200 OK" gives 200; anything else 0 (RFC 9112 4).
unsigned status_of(std::string_view answer) {
    constexpr std::size_t version_bytes = 9;
    std::uint64_t status = 0;
    if (!answer.starts_with("HTTP/1.") || answer.size() < version_bytes + 3) return 0;
    if (!ascii::parse_decimal(answer.substr(version_bytes, 3), 599, status)) return 0;
    return static_cast<unsigned>(status);
}

// HTTP/1.0: the connection's end is the answer's end; a length tells whether it came too early.
plain_answer read_answer(std::string const& answer) {
    std::size_t const head = answer.find("\r\n\r\n");
    unsigned const status = status_of(answer);
    if (status == 0 || head == answer.npos) {
        return {0, {}, "what answers there does not speak HTTP/1.x"};
    }
    plain_answer out{status, answer.substr(head + 4), {}, answer.substr(0, head + 2)};
    std::string_view const length = field_in(out.head, "Content-Length");
    if (length.empty()) return out;
    std::uint64_t bytes = 0;
    bool const fine = ascii::parse_decimal(length, answer_bytes_max, bytes);
    if (!fine || out.body.size() < bytes) return {0, {}, "the answer broke off"};
    out.body.resize(bytes);
    return out;
}

plain_answer ask(
    parts const& where,
    std::string const& request,
    milliseconds limit,
    std::function<bool()> const& given_up) {
    asio::io_context io{1};
    asio::ip::tcp::resolver names{io};
    asio::ip::tcp::socket socket{io};
    // Unlike a string's dynamic buffer it never counts room as bytes received.
    asio::streambuf received{answer_bytes_max};
    std::string failure = "no answer within " + std::to_string(limit.count()) + " ms";
    auto const failed_by = [&](boost::system::error_code error) {
        if (error) failure = error.message();
        return error.failed();
    };
    names.async_resolve(where.host, where.port, [&](auto unknown, auto found) {
        if (failed_by(unknown)) return;
        asio::async_connect(socket, found, [&](auto unreachable, auto const&) {
            if (failed_by(unreachable)) return;
            asio::async_write(socket, asio::buffer(request), [&](auto unsent, std::size_t) {
                if (failed_by(unsent)) return;
                asio::async_read(
                    socket, received, asio::transfer_all(), [&](auto ended, std::size_t) {
                        if (ended == asio::error::eof) {
                            failure = "it closed the connection without an answer";
                        } else {
                            failed_by(ended);
                        }
                    });
            });
        });
    });
    auto const until = clock::now() + limit;
    for (auto now = clock::now(); now < until && !io.stopped() && !given_up(); now = clock::now()) {
        io.run_for(std::min<clock::duration>(until - now, look));
    }
    std::string const answer{
        asio::buffers_begin(received.data()), asio::buffers_end(received.data())};
    if (answer.empty()) return {0, {}, failure};
    return read_answer(answer);
}

plain_answer not_an_address() {
    return {0, {}, "not an address of the form http://HOST:PORT/PATH"};
}

}  // namespace

std::string_view field_in(std::string_view head, std::string_view name) noexcept {
    while (!head.empty()) {
        std::size_t const end = head.find("\r\n");
        std::string_view const line = head.substr(0, end);
        std::size_t const colon = line.find(':');
        if (colon != line.npos && ascii::equal_ignoring_case(line.substr(0, colon), name)) {
            return ascii::trim(line.substr(colon + 1));
        }
        head = end == head.npos ? std::string_view{} : head.substr(end + 2);
    }
    return {};
}

plain_answer plain_get(std::string_view url, milliseconds limit) {
    auto const where = split(url);
    if (!where) return not_an_address();
    return ask(
        *where, "GET " + where->path + " HTTP/1.0\r\nHost: " + where->authority + "\r\n\r\n", limit,
        [] { return false; });
}

plain_answer plain_post(
    std::string_view url,
    std::string_view fields,
    std::string_view body,
    milliseconds limit,
    std::function<bool()> const& given_up) {
    auto const where = split(url);
    if (!where) return not_an_address();
    std::string request = "POST " + where->path + " HTTP/1.0\r\nHost: " + where->authority;
    request.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
    request.append(fields).append("\r\n").append(body);
    return ask(*where, request, limit, given_up);
}

}  // namespace gateway::net

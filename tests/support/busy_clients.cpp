// SPDX-License-Identifier: Apache-2.0
#include "support/busy_clients.hpp"

#include "support/pattern.hpp"
#include "support/raw_client.hpp"
#include "support/switching_origin.hpp"
#include "support/web_socket.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <exception>
#include <stdexcept>

namespace gateway::support {
namespace {

constexpr std::size_t upload_bytes = 1'000'000;
constexpr std::size_t piece_bytes = 50'000;

}  // namespace

void busy_clients::serve(imposter_origin& origin) {
    origin.when_head_of("/chat", [](origin_connection& connection, message const&) {
        echo_frames(connection);
        connection.close();
    });
    origin.when("/upload", [](origin_connection& connection, message const& request) {
        pattern_check received;
        received.take(request.body);
        connection.send(imposter_origin::ok(received.is(upload_bytes) ? "whole" : "broken"));
    });
}

void busy_clients::run(int count, void (busy_clients::*work)()) {
    for (int i = 0; i < count; ++i) {
        clients_.emplace_back([this, work] {
            try {
                (this->*work)();
            } catch (std::exception const& failed) {
                std::lock_guard const lock{mutex_};
                failures_.emplace_back(failed.what());
            }
        });
    }
}

// On a connection that is kept as long as it may.
void busy_clients::ask() {
    while (!stopping_) {
        raw_client client{port_};
        for (bool kept = true; kept && !stopping_;) {
            client.send(get_request("/"));
            auto const response = client.receive();
            if (response.status() != 200) throw std::runtime_error{response.head};
            ++requests_;
            kept = response.value("Connection") != "close";
        }
    }
}

void busy_clients::upload() {
    while (!stopping_) {
        raw_client client{port_};
        client.send(
            "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
            std::to_string(upload_bytes) + "\r\n\r\n");
        pattern_source source;
        for (std::size_t sent = 0; sent < upload_bytes; sent += piece_bytes) {
            client.send(source.next(piece_bytes));
            std::this_thread::yield();
        }
        auto const response = client.receive();
        if (response.body != "whole") throw std::runtime_error{response.head};
        ++uploaded_;
    }
}

void busy_clients::chat() {
    web_socket socket{port_, "/chat"};
    for (std::size_t n = 0;; ++n) {
        auto const text = std::to_string(n);
        socket.send(web_socket::opcode::text, text);
        auto const frame = socket.receive();
        if (frame.kind == web_socket::opcode::close && frame.payload == going_away) break;
        if (frame.payload != text) throw std::runtime_error{"another echo"};
    }
    socket.send(web_socket::opcode::close, going_away);
    socket.transport().receive_to_end();
    ++goodbyes_;
}

bool busy_clients::is_fine() const {
    std::lock_guard const lock{mutex_};
    return failures_.empty();
}

void busy_clients::wait_for_more(std::size_t requests) {
    auto const enough = requests_ + requests;
    auto const limit = steady::now() + patience(60s);
    while (requests_ < enough && is_fine() && steady::now() < limit) std::this_thread::yield();
    CHECK(requests_ >= enough);
}

void busy_clients::stop() {
    stopping_ = true;
    for (auto& each : clients_) each.join();
    clients_.clear();
    for (auto const& each : failures_) FAIL_CHECK(each);
    failures_.clear();
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// What a connection's end says of the bytes before it, on loopback sockets.
#include "net/stream.hpp"

#include "runtime/reactor.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

namespace gateway::net {
namespace {

// Our end of a TCP connection, and the peer's as the test plays it.
struct tcp_pair {
    runtime::reactor home;
    stream ours;
    int peer = -1;

    tcp_pair() {
        int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* const address = reinterpret_cast<sockaddr*>(&at);
        REQUIRE(::bind(listener, address, size) == 0);
        REQUIRE(::listen(listener, 1) == 0);
        REQUIRE(::getsockname(listener, address, &size) == 0);
        peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(::connect(peer, address, size) == 0);
        int const accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        ::close(listener);
        REQUIRE(ours.open(home, accepted));
    }
    ~tcp_pair() {
        if (peer >= 0) ::close(peer);
    }

    void peer_sends(std::string_view bytes) const {
        REQUIRE(::send(peer, bytes.data(), bytes.size(), 0) == ssize_t(bytes.size()));
    }
    void peer_resets() {
        linger const at_once{1, 0};
        ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(std::exchange(peer, -1));
    }

    // Loopback delivers before the peer's call returns, so the news is there already.
    void hear_of_it() {
        home.wait(milliseconds{0});
        home.dispatch();
    }
    io_result write(std::string_view bytes) {
        std::array<iovec, 1> pieces{piece(bytes.data(), bytes.size())};
        return ours.try_write(pieces);
    }
    io_result read() {
        std::array<char, 64> into;
        return ours.try_read(into);
    }
};

}  // namespace

TEST_CASE("a sender that finished has closed", "[unit][stream]") {
    tcp_pair on;
    on.peer_sends("all");
    ::shutdown(on.peer, SHUT_WR);
    on.hear_of_it();
    CHECK(on.read().bytes == 3);
    on.hear_of_it();
    CHECK(on.read().status == io_status::closed);
}

TEST_CASE("a reset that a write was told of is no end in order for reads", "[unit][stream]") {
    tcp_pair on;
    on.peer_sends("not all");
    on.peer_resets();
    on.hear_of_it();
    CHECK(on.write("x").status == io_status::reset);
    // What had come before is still to be had; then the kernel says 0, as after a FIN.
    CHECK(on.read().bytes == 7);
    CHECK(on.read().status == io_status::reset);
    CHECK(on.read().status == io_status::reset);
}

TEST_CASE("nor is one that a mere look was told of", "[unit][stream]") {
    auto const look = GENERATE(0, 1, 2);
    tcp_pair on;
    on.peer_resets();
    on.hear_of_it();
    switch (look) {
        case 0: CHECK_FALSE(on.ours.has_unread()); break;
        case 1: CHECK_FALSE(on.ours.has_arrived()); break;
        default: CHECK_FALSE(on.ours.is_quiet()); break;
    }
    CHECK(on.read().status == io_status::reset);
}

}  // namespace gateway::net

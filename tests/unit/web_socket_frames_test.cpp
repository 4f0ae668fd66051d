// SPDX-License-Identifier: Apache-2.0
#include "http/web_socket.hpp"
#include "support/cut_at_every_byte.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway::http;
using sender = web_socket_frames::sender;

namespace {

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (int const each : values) out += static_cast<char>(each);
    return out;
}

// A frame of a server's: its first byte and its payload's length in the shortest form.
std::string frame(int first, std::size_t size) {
    std::string out = bytes({first});
    if (size < 126) {
        out += static_cast<char>(size);
    } else if (size < 65'536) {
        out += bytes({126, static_cast<int>(size >> 8), static_cast<int>(size & 0xff)});
    } else {
        out += bytes(
            {127, 0, 0, 0, 0, static_cast<int>(size >> 24 & 0xff),
             static_cast<int>(size >> 16 & 0xff), static_cast<int>(size >> 8 & 0xff),
             static_cast<int>(size & 0xff)});
    }
    return out + std::string(size, '\xff');
}

std::string state_of(web_socket_frames const& frames) {
    return std::string{frames.at_boundary() ? "boundary" : "midst"} +
           (frames.lost() ? " lost" : "") + (frames.close_seen() ? " closed" : "");
}

}  // namespace

TEST_CASE("the end of every frame is known, however its bytes arrive", "[unit][web_socket]") {
    std::string const all = frame(0x81, 0) + frame(0x02, 125) + frame(0x89, 3) + frame(0x80, 126) +
                            frame(0xc2, 70'000) + frame(0x8a, 0);
    web_socket_frames frames{sender::server};
    frames.pass(all);
    CHECK(state_of(frames) == "boundary");
    std::string const few = frame(0x01, 200) + frame(0x88, 2);
    CHECK(gateway::support::cut_at_every_byte(few, [](std::string const& a, std::string const& b) {
              web_socket_frames cut{sender::server};
              cut.pass(a);
              cut.pass(b);
              return state_of(cut);
          }).empty());
}

TEST_CASE("one frame at a time, a frame under way first", "[unit][web_socket]") {
    web_socket_frames frames{sender::server};
    std::string const first = frame(0x81, 300);
    std::string const second = frame(0x82, 5);
    CHECK(frames.pass_frame(first.substr(0, 3)) == 3);
    CHECK(state_of(frames) == "midst");
    std::string const rest = first.substr(3) + second;
    CHECK(frames.pass_frame(rest) == first.size() - 3);
    CHECK(state_of(frames) == "boundary");
    CHECK(frames.pass_frame(second) == second.size());
    CHECK(state_of(frames) == "boundary");
}

TEST_CASE("a client's frames are masked", "[unit][web_socket]") {
    web_socket_frames frames{sender::client};
    frames.pass(bytes({0x81, 0x81, 1, 2, 3, 4}));
    CHECK(state_of(frames) == "midst");
    frames.pass("x");
    CHECK(state_of(frames) == "boundary");
    auto const goodbye = masked_going_away(0x12345678);
    frames.pass({goodbye.data(), goodbye.size()});
    CHECK(state_of(frames) == "boundary closed");
    CHECK((static_cast<unsigned char>(goodbye[6]) ^ 0x12) == 0x03);
    CHECK((static_cast<unsigned char>(goodbye[7]) ^ 0x34) == 0xe9);
}

TEST_CASE("what is no WebSocket has no boundaries", "[unit][web_socket]") {
    auto const wrong = GENERATE(
        bytes({0x83, 0}),                                // an opcode that is reserved
        bytes({0x81, 0x80, 0, 0, 0, 0}),                 // a mask from a server
        bytes({0x09, 0}),                                // a control frame in fragments
        bytes({0x88, 126, 0, 126}),                      // a control frame too long
        bytes({0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}));  // a length with its first bit set
    web_socket_frames frames{sender::server};
    frames.pass(wrong);
    CHECK(state_of(frames) == "midst lost");
    CHECK(frames.pass_frame("whatever") == 8);
}

TEST_CASE("our close frame is a frame", "[unit][web_socket]") {
    web_socket_frames frames{sender::server};
    frames.pass(going_away);
    CHECK(state_of(frames) == "boundary closed");
}

// SPDX-License-Identifier: Apache-2.0
// Opens keep-alive connections, has one request answered on each, then holds them. Prints
// "ready N"; for every line on stdin "open N", those the proxy has not closed; ends with stdin.
#include "loopback.hpp"

#include <sys/time.h>

#include <algorithm>
#include <array>

namespace gateway::bench {
namespace {

// So many requests are under way at a time: enough to be quick, too few to make the proxy's memory
// the memory of load instead of idleness.
constexpr std::size_t under_way = 32;

int open_one(std::uint16_t port, std::string const& request) {
    int const fd = connect_loopback(port);
    timeval const patience{5, 0};
    check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "SO_RCVTIMEO");
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        fail("send");
    }
    return fd;
}

void read_response(int fd, std::size_t body_bytes) {
    std::string response;
    std::array<char, 4096> buffer;
    for (;;) {
        ssize_t const got = recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) fail("no response");
        response.append(buffer.data(), static_cast<std::size_t>(got));
        if (response.compare(0, std::min<std::size_t>(response.size(), 13), "HTTP/1.1 200 ") != 0) {
            fail_usage("unexpected response:\n" + response);
        }
        auto const end = response.find("\r\n\r\n");
        if (end != std::string::npos && response.size() == end + 4 + body_bytes) return;
    }
}

bool still_open(int fd) {
    char byte = 0;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

}  // namespace
}  // namespace gateway::bench

int main(int count, char** values) {
    using namespace gateway::bench;
    arguments const given{count, values};
    if (!given.has("port")) {
        fail_usage("bench_idle --port N [--connections 8000] [--path /256] [--bytes 256]");
    }
    auto const connections = given.count("connections", 8000);
    auto const body_bytes = given.count("bytes", 256);
    auto const request = "GET " + given.text("path", "/256") +
                         " HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: idle\r\n\r\n";
    std::vector<int> open;
    while (open.size() < connections) {
        auto const first = open.size();
        while (open.size() < std::min(first + under_way, connections)) {
            open.push_back(open_one(given.port("port"), request));
        }
        for (auto i = first; i < open.size(); ++i) read_response(open[i], body_bytes);
    }
    std::printf("ready %zu\n", open.size());
    std::fflush(stdout);
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
        if (c != '\n') continue;
        std::printf("open %ld\n", std::count_if(open.begin(), open.end(), still_open));
        std::fflush(stdout);
    }
}

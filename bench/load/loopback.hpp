// SPDX-License-Identifier: Apache-2.0
// What the bench's programs share: loopback sockets, "--name value" arguments, the body each
// expects. They end at the first surprise: a bench that carries on measures the wrong thing.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::bench {

[[noreturn]] inline void fail(char const* what) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

[[noreturn]] inline void fail_usage(std::string const& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(2);
}

inline int check(int result, char const* what) {
    if (result < 0) fail(what);
    return result;
}

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

// The socket interface takes every address family through one pointer type.
inline sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

inline void send_at_once(int fd) {
    int const on = 1;
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

// A listening socket that does not block; port 0 lets the kernel choose. Says "port N" on stdout.
inline int listen_loopback(std::uint16_t port) {
    int const fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    int const on = 1;
    check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    sockaddr_in address = loopback(port);
    check(bind(fd, generic(address), sizeof address), "bind");
    check(listen(fd, SOMAXCONN), "listen");
    socklen_t size = sizeof address;
    check(getsockname(fd, generic(address), &size), "getsockname");
    std::printf("port %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

// Connected and blocking.
inline int connect_loopback(std::uint16_t port) {
    int const fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address = loopback(port);
    check(connect(fd, generic(address), sizeof address), "connect");
    send_at_once(fd);
    return fd;
}

// "--name value" and "--name" (empty value), in the order given.
class arguments {
public:
    arguments(int count, char** values) {
        for (int i = 1; i < count; ++i) {
            std::string_view const word = values[i];
            if (word.substr(0, 2) == "--") {
                given_.push_back({std::string{word.substr(2)}, {}});
            } else if (!given_.empty() && given_.back().value.empty()) {
                given_.back().value = word;
            } else {
                fail_usage("unexpected argument " + std::string{word});
            }
        }
    }

    bool has(std::string_view name) const { return find(name) != nullptr; }

    std::string text(std::string_view name, std::string_view otherwise) const {
        auto const* found = find(name);
        return found ? found->value : std::string{otherwise};
    }

    double number(std::string_view name, double otherwise) const {
        auto const* found = find(name);
        if (!found) return otherwise;
        char* end = nullptr;
        double const value = std::strtod(found->value.c_str(), &end);
        if (found->value.empty() || *end != '\0' || value < 0) {
            fail_usage("--" + found->name + " takes a number, not '" + found->value + "'");
        }
        return value;
    }

    std::uint64_t count(std::string_view name, std::uint64_t otherwise) const {
        return static_cast<std::uint64_t>(number(name, static_cast<double>(otherwise)));
    }

    std::uint16_t port(std::string_view name) const {
        return static_cast<std::uint16_t>(count(name, 0));
    }

    std::vector<std::string> all(std::string_view name) const {
        std::vector<std::string> values;
        for (auto const& one : given_) {
            if (one.name == name) values.push_back(one.value);
        }
        return values;
    }

private:
    struct argument {
        std::string name;
        std::string value;
    };

    argument const* find(std::string_view name) const {
        for (auto const& one : given_) {
            if (one.name == name) return &one;
        }
        return nullptr;
    }

    std::vector<argument> given_;
};

// A body's bytes are printable and repeat after a prime number of them, so that a block lost,
// doubled or moved by any buffer's size shows.
inline constexpr std::size_t body_period = 89;

inline std::string body_of(std::size_t bytes) {
    std::string body(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) body[i] = static_cast<char>('!' + i % body_period);
    return body;
}

}  // namespace gateway::bench

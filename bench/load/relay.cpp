// SPDX-License-Identifier: Apache-2.0
// The floor under every proxy: one thread, epoll, edge triggered, one upstream connection for each
// downstream connection, bytes copied both ways and never looked at. A message that fits into the
// buffer costs one read and one write; no proxy that copies can do with less.
#include "loopback.hpp"

#include <sys/epoll.h>

#include <array>
#include <memory>

namespace gateway::bench {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

// One of the two sockets of a pair, and the bytes read from it which the other has not taken.
struct side {
    int fd = -1;
    side* other = nullptr;
    struct pair* owner = nullptr;
    std::string unsent;
    bool ended = false;  // it will send nothing more
};

struct pair {
    side downstream;
    side upstream;
    bool open = true;
};

class relay {
public:
    relay(std::uint16_t port, std::uint16_t upstream_port)
        : listener_(listen_loopback(port)),
          upstream_port_(upstream_port),
          poll_(check(epoll_create1(EPOLL_CLOEXEC), "epoll")) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = nullptr;  // the listener; every other event carries its side
        check(epoll_ctl(poll_, EPOLL_CTL_ADD, listener_, &event), "epoll_ctl");
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 512> events;
        for (;;) {
            int const count = epoll_wait(poll_, events.data(), int{events.size()}, -1);
            if (count < 0 && errno != EINTR) fail("epoll_wait");
            for (int i = 0; i < count; ++i) {
                auto const& event = events[static_cast<std::size_t>(i)];
                if (event.data.ptr == nullptr) {
                    accept_all();
                } else {
                    step(*static_cast<side*>(event.data.ptr), event.events);
                }
            }
            // Only now: a later event of the same batch may name the other side of a closed pair.
            closed_.clear();
        }
    }

private:
    void accept_all() {
        for (;;) {
            int const fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            auto* const made = new pair;  // freed by close_pair
            made->downstream = {fd, &made->upstream, made, {}, false};
            made->upstream = {connect_upstream(), &made->downstream, made, {}, false};
            watch(made->downstream);
            watch(made->upstream);
        }
    }

    // Not connected yet: a write before that gets EAGAIN and is repeated at the EPOLLOUT edge.
    int connect_upstream() const {
        int const fd =
            check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
        sockaddr_in address = loopback(upstream_port_);
        if (connect(fd, generic(address), sizeof address) < 0 && errno != EINPROGRESS) {
            fail("connect");
        }
        return fd;
    }

    void watch(side& one) const {
        send_at_once(one.fd);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.ptr = &one;
        check(epoll_ctl(poll_, EPOLL_CTL_ADD, one.fd, &event), "epoll_ctl");
    }

    void step(side& one, std::uint32_t events) {
        if (!one.owner->open) return;
        bool const ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        if ((events & EPOLLIN) != 0 || ending) pump(one, ending);
        if (one.owner->open && (events & EPOLLOUT) != 0 && !one.other->unsent.empty()) {
            pump(*one.other, true);
        }
    }

    // Copies what `from` holds to its other side. A read that does not fill the buffer has emptied
    // the socket (epoll(7)), so the edge needs no second read, unless the end of the stream may
    // stand behind it or a blocked write has swallowed an edge (`to_the_end`).
    void pump(side& from, bool to_the_end) {
        if (!from.unsent.empty()) {
            auto const sent = send_some(from, from.unsent);
            from.unsent.erase(0, sent);
            if (!from.unsent.empty() || !from.owner->open) return;
        }
        while (!from.ended) {
            ssize_t const got = recv(from.fd, buffer_.data(), buffer_.size(), 0);
            if (got < 0 && errno == EAGAIN) return;
            if (got < 0) return close_pair(*from.owner);
            if (got == 0) return end(from);
            std::string_view const bytes{buffer_.data(), static_cast<std::size_t>(got)};
            auto const sent = send_some(from, bytes);
            if (!from.owner->open) return;
            if (sent < bytes.size()) {
                from.unsent = bytes.substr(sent);
                return;
            }
            if (bytes.size() < buffer_.size() && !to_the_end) return;
        }
    }

    std::size_t send_some(side& from, std::string_view bytes) {
        ssize_t const sent = send(from.other->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno != EAGAIN) close_pair(*from.owner);
        return 0;
    }

    void end(side& from) {
        from.ended = true;
        shutdown(from.other->fd, SHUT_WR);
        if (from.other->ended) close_pair(*from.owner);
    }

    void close_pair(pair& one) {
        one.open = false;
        close(one.downstream.fd);
        close(one.upstream.fd);
        closed_.emplace_back(&one);
    }

    int listener_;
    std::uint16_t upstream_port_;
    int poll_;
    std::array<char, buffer_bytes> buffer_;
    std::vector<std::unique_ptr<pair>> closed_;
};

}  // namespace
}  // namespace gateway::bench

int main(int count, char** values) {
    gateway::bench::arguments const given{count, values};
    if (!given.has("upstream-port")) {
        gateway::bench::fail_usage("bench_relay [--port N] --upstream-port N");
    }
    auto const relay =
        std::make_unique<gateway::bench::relay>(given.port("port"), given.port("upstream-port"));
    relay->run();
}

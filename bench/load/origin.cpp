// SPDX-License-Identifier: Apache-2.0
// The origin behind every proxy of the bench: one thread, epoll, keep-alive, responses made
// beforehand. GET /256, /1m or /N answers so many bytes; /counters says what arrived. It reads a
// request only as far as it must, because its cost and the load's share one core.
#include "loopback.hpp"

#include <sys/epoll.h>

#include <array>
#include <charconv>
#include <map>
#include <memory>

namespace gateway::bench {
namespace {

constexpr std::size_t head_bytes_max = 16 * 1024;
constexpr std::size_t body_bytes_max = 64 * 1024 * 1024;

struct connection {
    std::string partial;       // the begin of a request whose rest has not come
    std::string_view unsent;   // the rest of a response, borrowed from `responses`
    std::string own_response;  // what `unsent` borrows when the response was made for this request
    bool open = false;
};

class origin {
public:
    explicit origin(std::uint16_t port)
        : listener_(listen_loopback(port)), poll_(check(epoll_create1(EPOLL_CLOEXEC), "epoll")) {
        sized_response(256);
        sized_response(1024 * 1024);
        watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            int const count = epoll_wait(poll_, events.data(), int{events.size()}, -1);
            if (count < 0 && errno != EINTR) fail("epoll_wait");
            for (int i = 0; i < count; ++i) {
                int const fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == listener_) {
                    accept_all();
                } else if (at(fd).unsent.empty()) {
                    receive(fd);
                } else {
                    resume(fd);
                }
            }
        }
    }

private:
    connection& at(int fd) { return *connections_[static_cast<std::size_t>(fd)]; }

    void watch(int operation, int fd, std::uint32_t what) {
        epoll_event event{};
        event.events = what;
        event.data.fd = fd;
        check(epoll_ctl(poll_, operation, fd, &event), "epoll_ctl");
    }

    void accept_all() {
        for (;;) {
            int const fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            send_at_once(fd);
            auto const index = static_cast<std::size_t>(fd);
            if (connections_.size() <= index) connections_.resize(index + 1);
            connections_[index] = std::make_unique<connection>();
            at(fd).open = true;
            watch(EPOLL_CTL_ADD, fd, EPOLLIN);
            ++accepts_;
            ++open_;
        }
    }

    void close_connection(int fd) {
        close(fd);
        at(fd) = connection{};
        --open_;
    }

    void receive(int fd) {
        ssize_t const got = recv(fd, scratch_.data(), scratch_.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return close_connection(fd);
        std::string_view const bytes{scratch_.data(), static_cast<std::size_t>(got)};
        auto& here = at(fd);
        if (here.partial.empty()) {
            auto const rest = answer_all(fd, bytes);
            if (here.open && !rest.empty()) here.partial = rest;
        } else {
            here.partial += bytes;
            answer_partial(fd);
        }
        if (at(fd).partial.size() > head_bytes_max) close_connection(fd);
    }

    void answer_partial(int fd) {
        std::string const whole = std::move(at(fd).partial);
        at(fd).partial.clear();
        auto const rest = answer_all(fd, whole);
        if (at(fd).open) at(fd).partial = rest;
    }

    // Answers the complete requests at the front; returns what stays.
    std::string_view answer_all(int fd, std::string_view bytes) {
        auto& here = at(fd);
        while (here.open && here.unsent.empty()) {
            auto const end = bytes.find("\r\n\r\n");
            if (end == std::string_view::npos) break;
            answer(fd, bytes.substr(0, end));
            bytes.remove_prefix(end + 4);
        }
        return bytes;
    }

    void answer(int fd, std::string_view head) {
        auto const target_end = head.find(' ', 4);
        if (head.substr(0, 5) != "GET /" || target_end == std::string_view::npos) {
            return send_response(fd, bad_request());
        }
        auto const name = head.substr(5, target_end - 5);
        if (name == "counters") {
            at(fd).own_response = counters();
            return send_response(fd, at(fd).own_response);
        }
        ++requests_;
        std::size_t bytes = 0;
        auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), bytes);
        std::string_view const unit{end, static_cast<std::size_t>(name.data() + name.size() - end)};
        if (unit == "m") bytes *= 1024 * 1024;
        if (error != std::errc{} || !(unit.empty() || unit == "m") || bytes > body_bytes_max) {
            return send_response(fd, bad_request());
        }
        send_response(fd, sized_response(bytes));
    }

    void send_response(int fd, std::string_view response) {
        auto& here = at(fd);
        here.unsent = response;
        send_some(fd);
        if (here.open && !here.unsent.empty()) watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
    }

    void send_some(int fd) {
        auto& here = at(fd);
        ssize_t const sent = send(fd, here.unsent.data(), here.unsent.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            here.unsent.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN && errno != EINTR) {
            close_connection(fd);
        }
    }

    void resume(int fd) {
        send_some(fd);
        if (!at(fd).open || !at(fd).unsent.empty()) return;
        watch(EPOLL_CTL_MOD, fd, EPOLLIN);
        if (!at(fd).partial.empty()) answer_partial(fd);
    }

    static std::string response_of(std::string_view status, std::string const& body) {
        std::string text = "HTTP/1.1 ";
        text += status;
        text +=
            "\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
            "Content-Length: " +
            std::to_string(body.size()) + "\r\n\r\n";
        return text + body;
    }

    std::string const& sized_response(std::size_t bytes) {
        auto& response = responses_[bytes];
        if (response.empty()) response = response_of("200 OK", body_of(bytes));
        return response;
    }

    std::string_view bad_request() {
        static std::string const text = response_of("400 Bad Request", "GET /BYTES, please\n");
        return text;
    }

    std::string counters() const {
        return response_of(
            "200 OK", "{\"accepts\": " + std::to_string(accepts_) +
                          ", \"requests\": " + std::to_string(requests_) +
                          ", \"open\": " + std::to_string(open_) + "}\n");
    }

    int listener_;
    int poll_;
    std::vector<std::unique_ptr<connection>> connections_;  // by descriptor
    std::map<std::size_t, std::string> responses_;          // by body size
    std::array<char, 64 * 1024> scratch_;
    std::uint64_t accepts_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t open_ = 0;
};

}  // namespace
}  // namespace gateway::bench

int main(int count, char** values) {
    gateway::bench::arguments const given{count, values};
    auto const serving = std::make_unique<gateway::bench::origin>(given.port("port"));
    serving->run();
}

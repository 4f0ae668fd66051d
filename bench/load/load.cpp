// SPDX-License-Identifier: Apache-2.0
// The bench's load: a fixed number of keep-alive connections, each with one request under way
// (closed loop), on one thread. It checks every status and length (and with --verify every byte),
// measures latencies exactly, and reads the CPU time of the watched processes at both ends of the
// same window in which it counts requests. Prints one JSON object.
#include "cpu_time.hpp"
#include "loopback.hpp"

#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <array>

namespace gateway::bench {
namespace {

std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t to_ns(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

struct plan {
    std::uint16_t port = 0;
    std::string path;
    std::size_t connections = 0;
    std::size_t body_bytes = 0;    // what every response must hold
    std::uint64_t warm_up_ns = 0;  // before the window
    std::uint64_t window_ns = 0;
    std::uint64_t requests = 0;  // instead of a window: so many, then stop; 0 means by time
    bool verify = false;         // compare every body byte
};

struct connection {
    int fd = -1;
    std::uint64_t sent_at = 0;
    std::size_t body_left = 0;
    bool in_body = false;
    std::string partial_head;
};

// Why a response did not count. All of them void a measurement.
struct errors {
    std::uint64_t status = 0;  // not 200
    std::uint64_t length = 0;  // not the Content-Length that was due, or none
    std::uint64_t body = 0;    // a wrong byte, or bytes after the body
    std::uint64_t closed = 0;  // closed or reset under a request
    std::uint64_t stuck = 0;   // without an end five seconds after the last one was sent
};

class load {
public:
    load(plan given, std::vector<std::string> const& watched)
        : plan_(std::move(given)), poll_(check(epoll_create1(EPOLL_CLOEXEC), "epoll")) {
        for (auto const& text : watched) groups_.emplace_back(text);
        before_.resize(groups_.size());
        spent_.resize(groups_.size());
        request_ = "GET " + plan_.path +
                   " HTTP/1.1\r\nHost: bench.example\r\n"
                   "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101\r\n"
                   "Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\n"
                   "Accept-Encoding: gzip, deflate\r\n\r\n";
        if (plan_.verify) expected_ = body_of(plan_.body_bytes);
        latencies_.reserve(4'000'000);
        connections_.resize(plan_.connections);
    }

    void run() {
        for (auto& one : connections_) connect_anew(one);
        auto const begin = now_ns();
        window_begin_ = begin + plan_.warm_up_ns;
        window_end_ = plan_.requests > 0 ? begin + to_ns(60) : window_begin_ + plan_.window_ns;
        for (auto& one : connections_) send_request(one);
        auto now = begin;
        while (now < window_end_ && !(plan_.requests > 0 && done_ >= plan_.requests)) {
            if (!counting_ && now >= window_begin_) start_window(now);
            step();
            now = now_ns();
        }
        end_window(now);
        // What is under way may end, so that no proxy starts its next round with aborted requests.
        while (done_ < sent_ && now_ns() < now + to_ns(5)) step();
        bad_.stuck = sent_ - done_;
    }

    void print() {
        std::sort(latencies_.begin(), latencies_.end());
        auto const seconds = static_cast<double>(counted_until_ - counted_from_) / 1e9;
        std::printf(
            "{\"requests\": %zu, \"body_bytes\": %lu, \"seconds\": %.6f, "
            "\"p50_us\": %.1f, \"p99_us\": %.1f, "
            "\"max_us\": %.1f, \"bad\": {\"status\": %lu, \"length\": %lu, \"body\": %lu, "
            "\"closed\": %lu, \"stuck\": %lu}, \"cpu_ns\": {",
            latencies_.size(), counted_bytes_, seconds, quantile_us(0.5), quantile_us(0.99),
            quantile_us(1), bad_.status, bad_.length, bad_.body, bad_.closed, bad_.stuck);
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            std::printf("%s\"%s\": %lu", i ? ", " : "", groups_[i].name.c_str(), spent_[i]);
        }
        std::printf("}}\n");
    }

private:
    void step() {
        int const count = epoll_wait(poll_, events_.data(), static_cast<int>(events_.size()), 10);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; ++i) {
            receive(*static_cast<connection*>(events_[static_cast<std::size_t>(i)].data.ptr));
        }
    }

    void start_window(std::uint64_t now) {
        counting_ = true;
        counted_from_ = now;
        for (std::size_t i = 0; i < groups_.size(); ++i) before_[i] = groups_[i].cpu_ns();
    }

    void end_window(std::uint64_t now) {
        counted_until_ = now;
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            spent_[i] = groups_[i].cpu_ns() - before_[i];
        }
        counting_ = false;
        ended_ = true;
    }

    double quantile_us(double share) const {
        if (latencies_.empty()) return 0;
        auto const last = static_cast<double>(latencies_.size() - 1);
        return latencies_[static_cast<std::size_t>(last * share)] / 1e3;
    }

    void connect_anew(connection& one) {
        one = connection{};
        one.fd = connect_loopback(plan_.port);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &one;
        check(epoll_ctl(poll_, EPOLL_CTL_ADD, one.fd, &event), "epoll_ctl");
    }

    void send_request(connection& one) {
        if (ended_ || (plan_.requests > 0 && sent_ == plan_.requests)) return;
        ++sent_;
        one.sent_at = now_ns();
        // It always fits: nothing else is in the socket's buffer.
        ssize_t const sent = send(one.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(request_.size())) reopen(one, bad_.closed);
    }

    // Counts the error and goes on with a fresh connection, so that the run ends by itself.
    void reopen(connection& one, std::uint64_t& count) {
        ++count;
        ++done_;
        close(one.fd);
        connect_anew(one);
        send_request(one);
    }

    void receive(connection& one) {
        if (one.in_body) return receive_body(one);
        ssize_t const got = recv(one.fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return reopen(one, bad_.closed);
        std::string_view bytes{scratch_.data(), static_cast<std::size_t>(got)};
        if (!one.partial_head.empty()) {
            one.partial_head += bytes;
            bytes = one.partial_head;
        }
        auto const end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            if (one.partial_head.empty()) one.partial_head = bytes;
            return;
        }
        auto const head = bytes.substr(0, end + 2);
        if (head.substr(0, 13) != "HTTP/1.1 200 ") return reopen(one, bad_.status);
        if (content_length(head) != plan_.body_bytes) return reopen(one, bad_.length);
        one.in_body = true;
        one.body_left = plan_.body_bytes;
        std::string const keeps_bytes_alive = std::move(one.partial_head);
        one.partial_head.clear();
        take_body(one, bytes.substr(end + 4));
    }

    static std::size_t content_length(std::string_view head) {
        constexpr std::string_view name = "content-length:";
        for (auto at = head.find("\r\n"); at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
            auto const line = head.substr(at + 2, name.size());
            auto const same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
            if (std::equal(name.begin(), name.end(), line.begin(), line.end(), same)) {
                return std::strtoull(head.data() + at + 2 + name.size(), nullptr, 10);
            }
        }
        return static_cast<std::size_t>(-1);
    }

    void receive_body(connection& one) {
        // MSG_TRUNC drops the bytes uncopied: the load must cost less than the proxy.
        auto const size = plan_.verify ? std::min(scratch_.size(), one.body_left) : one.body_left;
        int const flags = MSG_DONTWAIT | (plan_.verify ? 0 : MSG_TRUNC);
        ssize_t const got = recv(one.fd, scratch_.data(), size, flags);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return reopen(one, bad_.closed);
        auto const bytes = static_cast<std::size_t>(got);
        if (plan_.verify) return take_body(one, {scratch_.data(), bytes});
        if (counting_) counted_bytes_ += bytes;
        one.body_left -= bytes;
        if (one.body_left == 0) finish(one);
    }

    void take_body(connection& one, std::string_view bytes) {
        auto const from = plan_.body_bytes - one.body_left;
        bool const fits = bytes.size() <= one.body_left;
        if (!fits || (plan_.verify && expected_.compare(from, bytes.size(), bytes) != 0)) {
            return reopen(one, bad_.body);
        }
        if (counting_) counted_bytes_ += bytes.size();
        one.body_left -= bytes.size();
        if (one.body_left == 0) finish(one);
    }

    void finish(connection& one) {
        auto const took = now_ns() - one.sent_at;
        if (counting_) {
            latencies_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(took, ~0U)));
        }
        ++done_;
        one.in_body = false;
        send_request(one);
    }

    plan plan_;
    int poll_;
    std::vector<watched_group> groups_;
    std::vector<std::uint64_t> before_, spent_;  // CPU time by group, ns
    std::string request_, expected_;
    std::vector<connection> connections_;
    std::array<epoll_event, 512> events_;
    std::array<char, 64 * 1024> scratch_;
    std::vector<std::uint32_t> latencies_;  // ns, of the responses that ended in the window
    std::uint64_t window_begin_ = 0, window_end_ = 0, counted_from_ = 0, counted_until_ = 0;
    std::uint64_t counted_bytes_ = 0;  // of bodies, in the window
    std::uint64_t sent_ = 0, done_ = 0;
    bool counting_ = false;  // in the window
    bool ended_ = false;     // after it
    errors bad_;
};

}  // namespace
}  // namespace gateway::bench

int main(int count, char** values) {
    using namespace gateway::bench;
    arguments const given{count, values};
    if (!given.has("port")) {
        fail_usage(
            "bench_load --port N [--path /256] [--bytes 256] [--connections 64] [--warm-up 0.5]\n"
            "           [--seconds 3 | --requests N] [--verify] [--watch NAME=PID,PID]...");
    }
    plan wanted;
    wanted.port = given.port("port");
    wanted.path = given.text("path", "/256");
    wanted.connections = given.count("connections", 64);
    wanted.body_bytes = given.count("bytes", 256);
    wanted.requests = given.count("requests", 0);
    wanted.warm_up_ns = wanted.requests > 0 ? 0 : to_ns(given.number("warm-up", 0.5));
    wanted.window_ns = to_ns(given.number("seconds", 3));
    wanted.verify = given.has("verify");
    load running{wanted, given.all("watch")};
    running.run();
    running.print();
}

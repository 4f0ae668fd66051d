// SPDX-License-Identifier: Apache-2.0
#include "support/lean_origin.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace gateway::support {
namespace {

constexpr int slowdown = 20;

std::string_view header(std::string_view head, std::string_view name) {
    auto const found =
        std::search(head.begin(), head.end(), name.begin(), name.end(), [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) ==
                   std::tolower(static_cast<unsigned char>(b));
        });
    if (found == head.end()) return {};
    head.remove_prefix(static_cast<std::size_t>(found - head.begin()) + name.size());
    auto value = head.substr(0, head.find("\r\n"));
    value.remove_prefix(std::min(value.find_first_not_of(" :"), value.size()));
    return value;
}

void reset_at_close(int socket) {
    linger const at_once{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

void post_ledger::carried_out(std::string const& key) {
    std::lock_guard lock{mutex_};
    ++counts_[key];
}

std::size_t post_ledger::keys() const {
    std::lock_guard lock{mutex_};
    return counts_.size();
}

std::size_t post_ledger::repeated() const {
    std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::count_if(
        counts_.begin(), counts_.end(), [](auto const& each) { return each.second > 1; }));
}

lean_origin::lean_origin(
    std::string const& address,
    std::uint16_t port,
    post_ledger& ledger,
    milliseconds answers_after,
    conduct how)
    : ledger_{ledger},
      answers_after_{answers_after},
      conduct_{how},
      listener_{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)},
      poll_{::epoll_create1(EPOLL_CLOEXEC)},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    int const on = 1;
    ::setsockopt(listener_.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &where.sin_addr);
    auto* const name = reinterpret_cast<sockaddr*>(&where);
    if (::bind(listener_.number(), name, sizeof where) != 0 ||
        ::listen(listener_.number(), 4096) != 0) {
        throw std::runtime_error{"no origin on " + address + ":" + std::to_string(port)};
    }
    socklen_t size = sizeof where;
    ::getsockname(listener_.number(), name, &size);
    port_ = ntohs(where.sin_port);
    for (int const each : {listener_.number(), wake_.number()}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = each;
        ::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, each, &event);
    }
    thread_ = std::thread{[this] { run(); }};
}

lean_origin::~lean_origin() {
    if (thread_.joinable()) leave(leaving::abrupt);
}

void lean_origin::leave(leaving how) {
    draining_ = how == leaving::drained;
    stopping_ = true;
    ::eventfd_write(wake_.number(), 1);
    thread_.join();
}

void lean_origin::run() {
    std::array<epoll_event, 256> events;
    steady::time_point limit = steady::time_point::max();
    for (;;) {
        auto const count = ::epoll_wait(
            poll_.number(), events.data(), static_cast<int>(events.size()), wait_milliseconds());
        if (stopping_ && limit == steady::time_point::max()) {
            listener_.close();
            limit = draining_ ? steady::now() + 1s : steady::now();
            // What waits for no answer is closed at once, as Node and most others do.
            for (auto one = connections_.begin(); draining_ && one != connections_.end();) {
                int const number = (one++)->first;
                bool const busy = std::any_of(due_.begin(), due_.end(), [&](auto const& each) {
                    return each.connection == number && each.generation == generations_[number];
                });
                if (!busy) close(number);
            }
        }
        for (int i = 0; i < count; ++i) {
            int const number = events[static_cast<std::size_t>(i)].data.fd;
            if (number == wake_.number()) continue;
            if (listener_ && number == listener_.number()) {
                accept_all();
            } else {
                receive(number);
            }
        }
        answer_due();
        if (!stopping_ || (!connections_.empty() && steady::now() < limit)) continue;
        for (auto const& [number, each] : connections_) reset_at_close(number);
        connections_.clear();
        return;
    }
}

int lean_origin::wait_milliseconds() const {
    if (due_.empty()) return stopping_ ? 10 : -1;
    auto const left = std::chrono::ceil<milliseconds>(due_.front().at - steady::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000));
}

void lean_origin::accept_all() {
    for (;;) {
        descriptor socket{
            ::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (!socket) return;
        int const number = socket.number();
        int const on = 1;
        ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = number;
        ::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, number, &event);
        ++generations_[number];
        connections_[number] = {std::move(socket), {}};
    }
}

void lean_origin::close(int number) { connections_.erase(number); }

void lean_origin::receive(int number) {
    auto const found = connections_.find(number);
    if (found == connections_.end()) return;
    std::array<char, 16'384> bytes;
    auto const got = ::recv(number, bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        close(number);
        return;
    }
    found->second.input.append(bytes.data(), static_cast<std::size_t>(got));
    take_requests(number);
}

void lean_origin::take_requests(int number) {
    std::string& input = connections_[number].input;
    auto const end = input.find("\r\n\r\n");
    if (end == input.npos) return;
    std::string_view const head{input.data(), end + 2};
    auto const length = header(head, "\r\ncontent-length");
    std::size_t const whole = end + 4 + (length.empty() ? 0 : std::stoul(std::string{length}));
    if (input.size() < whole) return;
    auto const count = requests_.fetch_add(1, std::memory_order_relaxed);
    conduct const how = conduct_.load(std::memory_order_relaxed);
    std::string const key{header(head, "\r\nidempotency-key")};
    input.erase(0, whole);
    // Whatever becomes of the answer: the application has seen the request.
    if (!key.empty()) ledger_.carried_out(key);
    if (how == conduct::never_answers) return;
    if (how == conduct::resets_one_in_three && count % 3 == 0) {
        reset_at_close(number);
        close(number);
        return;
    }
    auto const after = answers_after_ * (how == conduct::slow ? slowdown : 1);
    due_answer const due{steady::now() + after, number, generations_[number]};
    due_.insert(
        std::upper_bound(
            due_.begin(), due_.end(), due,
            [](due_answer const& a, due_answer const& b) { return a.at < b.at; }),
        due);
}

void lean_origin::answer_due() {
    auto const now = steady::now();
    while (!due_.empty() && due_.front().at <= now) {
        due_answer const due = due_.front();
        due_.pop_front();
        bool const same = generations_[due.connection] == due.generation;
        if (same && connections_.contains(due.connection)) answer(due.connection);
    }
}

void lean_origin::answer(int number) {
    bool const bad = conduct_.load(std::memory_order_relaxed) == conduct::answers_500;
    std::string text{bad ? "HTTP/1.1 500 Internal Server Error\r\n" : "HTTP/1.1 200 OK\r\n"};
    text += "Content-Length: 2\r\n";
    if (stopping_) text += "Connection: close\r\n";
    text += "\r\nok";
    (void)::send(number, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (stopping_) close(number);
}

}  // namespace gateway::support

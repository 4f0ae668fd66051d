// SPDX-License-Identifier: Apache-2.0
#include "harness/simulated_network.hpp"

#include "base/check.hpp"

#include <fcntl.h>
#include <netinet/in.h>
// After netinet/in.h, as in net/stream.
#include <linux/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace gateway::fuzz {
namespace {

constexpr int first_descriptor = 1'000'000;

simulated_network& net() { return simulated_network::instance(); }

std::uint32_t events_of(simulated_link const& link) {
    std::uint32_t events = 0;
    bool const ended = link.finished || link.was_reset || link.refused;
    if (link.read_at < link.sent.size() || ended) events |= EPOLLIN;
    if (ended) events |= EPOLLRDHUP;
    if (link.unread < link.room_max || ended) events |= EPOLLOUT;
    if (link.was_reset || link.refused) events |= EPOLLHUP | EPOLLERR;
    if (link.finished && link.ended_in_order) events |= EPOLLHUP;
    return events;
}

ssize_t fail(int error) {
    errno = error;
    return -1;
}

ssize_t take(simulated_link& link, void* into, std::size_t size, bool peek) {
    std::size_t const there = std::min(size, link.sent.size() - link.read_at);
    if (there != 0) {
        std::memcpy(into, link.sent.data() + link.read_at, there);
        if (!peek) link.read_at += there;
        return static_cast<ssize_t>(there);
    }
    if (link.was_reset && !std::exchange(link.error_told, true)) return fail(ECONNRESET);
    return link.was_reset || link.finished ? 0 : fail(EAGAIN);
}

ssize_t give(simulated_link& link, iovec const* pieces, std::size_t count) {
    if (link.ended_in_order) return fail(EPIPE);
    if (link.was_reset) return fail(std::exchange(link.error_told, true) ? EPIPE : ECONNRESET);
    std::size_t given = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const room = link.room_max - std::min(link.room_max, link.unread);
        std::size_t const part = std::min(room, pieces[i].iov_len);
        link.received.append(static_cast<char const*>(pieces[i].iov_base), part);
        link.unread += part;
        given += part;
        if (part < pieces[i].iov_len) {
            link.wants_room = true;
            return given != 0 ? static_cast<ssize_t>(given) : fail(EAGAIN);
        }
    }
    return static_cast<ssize_t>(given);
}

}  // namespace

void simulated_link::send(std::string_view bytes) {
    if (finished || was_reset || closed || refused || bytes.empty()) return;
    sent += bytes;
    news = true;
}

void simulated_link::finish() {
    if (was_reset || closed) return;
    finished = true;
    news = true;
}

void simulated_link::reset(bool swallowed) {
    if (was_reset || closed) return;
    was_reset = true;
    if (swallowed) acknowledges = false;
    news = true;
}

void simulated_link::read_all() {
    room_max = 64 * 1024;
    unread = 0;
    if (std::exchange(wants_room, false)) news = true;
}

simulated_network& simulated_network::instance() {
    static simulated_network one;
    return one;
}

simulated_link* simulated_network::find(int descriptor) {
    auto const index = static_cast<std::size_t>(descriptor - first_descriptor);
    if (descriptor < first_descriptor || index >= links_.size()) return nullptr;
    GATEWAY_CHECK(!links_[index]->closed);  // used after close(2)
    return links_[index].get();
}

int simulated_network::make_link() {
    links_.push_back(std::make_unique<simulated_link>());
    return first_descriptor + static_cast<int>(links_.size() - 1);
}

simulated_link& simulated_network::connect_client(int& descriptor) {
    descriptor = make_link();
    return *links_.back();
}

int simulated_network::connect_upstream(simulated_link& link) {
    link.refused = std::exchange(refuse_next_, false);
    if (!link.refused) upstream_.push_back(&link);
    link.news = true;
    return 0;
}

bool simulated_network::has_news() const {
    return std::any_of(links_.begin(), links_.end(), [](auto const& link) {
        return link->news && link->watcher != nullptr && !link->closed;
    });
}

bool simulated_network::anyone_waits_for_room() const {
    return std::any_of(links_.begin(), links_.end(), [](auto const& link) {
        return link->wants_room && !link->closed;
    });
}

bool simulated_network::clear() {
    bool const closed =
        std::all_of(links_.begin(), links_.end(), [](auto const& link) { return link->closed; });
    links_.clear();
    upstream_.clear();
    refuse_next_ = false;
    return closed;
}

}  // namespace gateway::fuzz

using gateway::fuzz::net;
using gateway::fuzz::simulated_link;

extern "C" {

int __real_close(int descriptor);
int __real_setsockopt(int descriptor, int level, int name, void const* value, socklen_t size);
int __real_epoll_ctl(int set, int operation, int descriptor, epoll_event* event);

int __wrap_socket(int, int, int) { return net().make_link(); }

int __wrap_connect(int descriptor, sockaddr const*, socklen_t) {
    return net().connect_upstream(*net().find(descriptor));
}

int __wrap_close(int descriptor) {
    simulated_link* const link = net().find(descriptor);
    if (link == nullptr) return __real_close(descriptor);
    link->closed = true;
    link->watcher = nullptr;
    bool const unread = link->read_at < link->sent.size();
    (link->linger_off || unread ? link->ended_by_reset : link->ended_in_order) = true;
    return 0;
}

int __wrap_shutdown(int descriptor, int) {
    simulated_link* const link = net().find(descriptor);
    link->ended_in_order = true;
    if (link->finished) link->news = true;
    return 0;
}

ssize_t __wrap_recv(int descriptor, void* into, std::size_t size, int flags) {
    return gateway::fuzz::take(*net().find(descriptor), into, size, (flags & MSG_PEEK) != 0);
}

ssize_t __wrap_send(int descriptor, void const* bytes, std::size_t size, int) {
    iovec const piece{const_cast<void*>(bytes), size};
    return gateway::fuzz::give(*net().find(descriptor), &piece, 1);
}

ssize_t __wrap_sendmsg(int descriptor, msghdr const* message, int) {
    return gateway::fuzz::give(*net().find(descriptor), message->msg_iov, message->msg_iovlen);
}

int __wrap_setsockopt(int descriptor, int level, int name, void const* value, socklen_t size) {
    simulated_link* const link = net().find(descriptor);
    if (link == nullptr) return __real_setsockopt(descriptor, level, name, value, size);
    if (level == SOL_SOCKET && name == SO_LINGER) {
        auto const* const wanted = static_cast<linger const*>(value);
        link->linger_off = wanted->l_onoff != 0 && wanted->l_linger == 0;
    }
    return 0;
}

int __wrap_getsockopt(int descriptor, int level, int name, void* value, socklen_t* size) {
    simulated_link const& link = *net().find(descriptor);
    std::memset(value, 0, *size);
    if (level == SOL_SOCKET && name == SO_ERROR) {
        *static_cast<int*>(value) = link.refused ? ECONNREFUSED : link.was_reset ? ECONNRESET : 0;
    } else if (level == IPPROTO_TCP && name == TCP_INFO && link.acknowledges) {
        static_cast<tcp_info*>(value)->tcpi_bytes_acked = link.received.size();
    }
    return 0;
}

int __wrap_epoll_ctl(int set, int operation, int descriptor, epoll_event* event) {
    simulated_link* const link = net().find(descriptor);
    if (link == nullptr) return __real_epoll_ctl(set, operation, descriptor, event);
    GATEWAY_CHECK(operation == EPOLL_CTL_ADD && (event->events & EPOLLET) != 0);
    link->watcher = event->data.ptr;
    link->news = true;
    return 0;
}

// Edges only, and never waits.
int __wrap_epoll_wait(int, epoll_event* events, int most, int) {
    int count = 0;
    for (auto const& link : net().links()) {
        if (count == most || !link->news || link->watcher == nullptr) continue;
        link->news = false;
        std::uint32_t const now = gateway::fuzz::events_of(*link);
        if (now == 0) continue;
        events[count].events = now;
        events[count++].data.ptr = link->watcher;
    }
    return count;
}

// std::chrono::steady_clock::now, by the name that the linker knows it by; a time_point is returned
// as its count is. libFuzzer's own time is system_clock's, which stays as it is.
std::int64_t __wrap__ZNSt6chrono3_V212steady_clock3nowEv() noexcept { return net().now.count(); }
}

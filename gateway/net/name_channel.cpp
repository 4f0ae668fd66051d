// SPDX-License-Identifier: Apache-2.0
#include "net/name_channel.hpp"

#include <boost/asio/post.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace gateway::net {
namespace {

constexpr int tries = 2;  // of each name server, the second twice as long
constexpr int try_share = 5;
constexpr int hurry_share = 10;
constexpr std::uint32_t docker_server = 0x7f00000b;  // 127.0.0.11

// c-ares reads its files once the process has called this; the control thread is the only caller.
bool library_is_ready() {
    static bool const ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    return ready;
}

std::string listed(std::vector<settings::host_port> const& servers) {
    std::string out;
    for (settings::host_port const& each : servers) {
        bool const v6 = each.host.find(':') != std::string::npos;
        out += out.empty() ? "" : ",";
        out += v6 ? '[' + each.host + ']' : each.host;
        out += ':' + std::to_string(each.port);
    }
    return out;
}

}  // namespace

name_channel::name_channel(
    boost::asio::io_context& control, settings::dns const& limits, std::function<void()> ended)
    : control_(control),
      timeout_(limits.timeout),
      ended_(std::move(ended)),
      try_timer_(control),
      limit_(control) {
    open(limits);
    limit_.expires_after(timeout_);
    limit_.async_wait([this, alive = std::weak_ptr{alive_}](boost::system::error_code aborted) {
        if (!aborted && !alive.expired()) end_soon();
    });
}

name_channel::~name_channel() {
    ending_ = true;
    if (handle_ != nullptr) ares_destroy(handle_);
    if (files_ != nullptr) ares_destroy(files_);
}

void name_channel::open(settings::dns const& limits) {
    if (!library_is_ready()) return;
    ares_options options{};
    options.timeout = static_cast<int>(timeout_.count() / try_share);
    options.tries = tries;
    options.sock_state_cb = [](void* self, ares_socket_t descriptor, int readable, int writable) {
        static_cast<name_channel*>(self)->socket_changed(descriptor, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    // One channel for each source: an answer from /etc/hosts holds for both families.
    char by_name_server[] = "b";
    char by_file[] = "f";
    options.lookups = by_file;
    if (ares_init_options(&files_, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS) {
        files_ = nullptr;
        return;
    }
    options.lookups = by_name_server;
    int const given =
        ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
    if (ares_init_options(&handle_, &options, given) != ARES_SUCCESS) {
        handle_ = nullptr;
        return;
    }
    if (!limits.servers.empty() &&
        ares_set_servers_ports_csv(handle_, listed(limits.servers).c_str()) != ARES_SUCCESS) {
        ares_destroy(std::exchange(handle_, nullptr));
        return;
    }
    note_servers();
}

void name_channel::note_servers() {
    ares_addr_port_node* all = nullptr;
    if (ares_get_servers_ports(handle_, &all) != ARES_SUCCESS) return;
    for (ares_addr_port_node const* each = all; each != nullptr; each = each->next) {
        docker_ =
            docker_ || (each->family == AF_INET && each->addr.addr4.s_addr == htonl(docker_server));
    }
    ares_free_data(all);
}

// c-ares closes the descriptor itself, right after it says that it wants nothing of it.
void name_channel::socket_changed(int descriptor, bool readable, bool writable) {
    auto found = sockets_.find(descriptor);
    if (!readable && !writable) {
        if (found == sockets_.end()) return;
        found->second->io.release();
        sockets_.erase(found);
        return;
    }
    if (found == sockets_.end()) {
        found = sockets_.emplace(descriptor, std::make_shared<socket>(control_, descriptor)).first;
    }
    found->second->wants_read = readable;
    found->second->wants_write = writable;
}

void name_channel::wait_for(int descriptor, std::shared_ptr<socket> const& at) {
    using wait = boost::asio::posix::stream_descriptor;
    std::weak_ptr<socket> const same = at;
    if (at->wants_read && !at->reading) {
        at->reading = true;
        at->io.async_wait(
            wait::wait_read, [this, same, descriptor](boost::system::error_code aborted) {
                auto const still = same.lock();
                if (aborted || !still) return;
                still->reading = false;
                process(descriptor, ARES_SOCKET_BAD);
            });
    }
    if (at->wants_write && !at->writing) {
        at->writing = true;
        at->io.async_wait(
            wait::wait_write, [this, same, descriptor](boost::system::error_code aborted) {
                auto const still = same.lock();
                if (aborted || !still) return;
                still->writing = false;
                process(ARES_SOCKET_BAD, descriptor);
            });
    }
}

void name_channel::process(int readable, int writable) {
    ares_process_fd(handle_, readable, writable);
    go_on();
}

void name_channel::go_on() {
    if (handle_ == nullptr || ending_) return;
    for (auto const& [descriptor, at] : sockets_) wait_for(descriptor, at);
    await_try();
}

void name_channel::await_try() {
    timeval room{};
    timeval const* const next = ares_timeout(handle_, nullptr, &room);
    if (next == nullptr) {
        try_timer_.cancel();
        return;
    }
    // A millisecond more: c-ares asks again only when its time is over, not when it is nearly.
    try_timer_.expires_after(
        std::chrono::seconds{next->tv_sec} + std::chrono::microseconds{next->tv_usec} + 1ms);
    try_timer_.async_wait([this, alive = std::weak_ptr{alive_}](boost::system::error_code aborted) {
        if (!aborted && !alive.expired() && !ending_) process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    });
}

void name_channel::hurry() {
    if (hurried_) return;
    hurried_ = true;
    auto const until = clock::now() + timeout_ / hurry_share;
    if (until >= limit_.expiry()) return;
    limit_.expires_at(until);
    limit_.async_wait([this, alive = std::weak_ptr{alive_}](boost::system::error_code aborted) {
        if (!aborted && !alive.expired()) end_soon();
    });
}

void name_channel::end_soon() {
    if (ending_) return;
    ending_ = true;
    try_timer_.cancel();
    limit_.cancel();
    boost::asio::post(control_, [this, alive = std::weak_ptr{alive_}] {
        if (alive.expired()) return;
        auto const ended = std::move(ended_);
        ended();
    });
}

}  // namespace gateway::net

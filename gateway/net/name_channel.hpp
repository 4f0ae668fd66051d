// SPDX-License-Identifier: Apache-2.0
// A c-ares channel driven by an io_context: its sockets are waited for, its tries and the whole
// look-up have their timers. For net/name_query only.
#pragma once

#include "settings/settings.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>

#include <functional>
#include <map>
#include <memory>

namespace gateway::net {

class name_channel {
public:
    // `ended` is called once from the io_context after `end_soon` or `dns.timeout`, never from
    // within another call, and may destroy the channel.
    name_channel(
        boost::asio::io_context& control, settings::dns const& limits, std::function<void()> ended);
    ~name_channel();
    name_channel(name_channel const&) = delete;
    name_channel& operator=(name_channel const&) = delete;

    bool is_usable() const noexcept { return handle_ != nullptr && files_ != nullptr; }
    ares_channel handle() const noexcept { return handle_; }
    // Reads /etc/hosts and calls back before the question returns.
    ares_channel files() const noexcept { return files_; }
    // What c-ares still calls back now has nobody to listen any more.
    bool is_ending() const noexcept { return ending_; }
    // One of the servers is that of Docker.
    bool asks_docker() const noexcept { return docker_; }

    void go_on();     // after questions were put
    void hurry();     // the rest may take a tenth of `dns.timeout` from now on
    void end_soon();  // all is answered

private:
    // Shared with the waits for it only, which may outlive it by a turn of the loop.
    struct socket {
        explicit socket(boost::asio::io_context& control, int descriptor)
            : io(control, descriptor) {}
        boost::asio::posix::stream_descriptor io;
        bool wants_read = false;
        bool wants_write = false;
        bool reading = false;
        bool writing = false;
    };

    void open(settings::dns const& limits);
    void note_servers();
    void socket_changed(int descriptor, bool readable, bool writable);
    void wait_for(int descriptor, std::shared_ptr<socket> const& at);
    void await_try();
    void process(int readable, int writable);

    boost::asio::io_context& control_;
    milliseconds timeout_;
    std::function<void()> ended_;
    ares_channel handle_ = nullptr;
    ares_channel files_ = nullptr;
    bool docker_ = false;
    bool ending_ = false;
    bool hurried_ = false;
    std::map<int, std::shared_ptr<socket>> sockets_;
    boost::asio::steady_timer try_timer_;
    boost::asio::steady_timer limit_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace gateway::net

// SPDX-License-Identifier: Apache-2.0
// Clients at work until they are told to stop, in the ways in which stopping a gateway could hurt
// them: kept connections, uploads, WebSockets. What goes wrong for one of them fails the test.
#pragma once

#include "support/imposter_origin.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gateway::support {

// 1001, as the payload of a close frame.
inline std::string const going_away{"\x03\xe9"};

class busy_clients {
public:
    // What they ask for: any path, /upload and /chat, which echoes frames.
    static void serve(imposter_origin& origin);

    explicit busy_clients(std::uint16_t port) : port_{port} {}
    ~busy_clients() { stop(); }
    busy_clients(busy_clients const&) = delete;
    busy_clients& operator=(busy_clients const&) = delete;

    // So many of each kind, until `stop` or, of WebSockets, a proper close frame.
    void keep_alive(int count) { run(count, &busy_clients::ask); }
    void uploads(int count) { run(count, &busy_clients::upload); }
    void chats(int count) { run(count, &busy_clients::chat); }

    // Returns early when somebody has failed.
    void wait_for_more(std::size_t requests);
    void stop();

    std::size_t requests() const { return requests_; }
    std::size_t uploaded() const { return uploaded_; }
    std::size_t goodbyes() const { return goodbyes_; }  // WebSockets that got their close frame

private:
    void run(int count, void (busy_clients::*work)());
    void ask();
    void upload();
    void chat();
    bool is_fine() const;

    std::uint16_t port_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> requests_{0};
    std::atomic<std::size_t> uploaded_{0};
    std::atomic<std::size_t> goodbyes_{0};
    mutable std::mutex mutex_;
    std::vector<std::string> failures_;
    std::vector<std::thread> clients_;
};

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// An origin for load: one thread, many connections, and the ways an application goes wrong. It
// counts the idempotency keys of the requests it answered in a ledger shared by all endpoints.
#pragma once

#include "support/stream.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

namespace gateway::support {

// Which POSTs were carried out, and how often. For any thread.
class post_ledger {
public:
    void carried_out(std::string const& key);
    std::size_t keys() const;
    std::size_t repeated() const;  // keys that were carried out more than once

private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, unsigned> counts_;
};

enum class conduct { well, never_answers, resets_one_in_three, answers_500, slow };
enum class leaving {
    drained,  // no new connections; what runs is answered and the connection closed
    abrupt,   // every connection is reset, whatever it is doing
};

class lean_origin {
public:
    lean_origin(
        std::string const& address,
        std::uint16_t port,
        post_ledger& ledger,
        milliseconds answers_after,
        conduct how = conduct::well);
    ~lean_origin();
    lean_origin(lean_origin const&) = delete;
    lean_origin& operator=(lean_origin const&) = delete;

    std::uint16_t port() const { return port_; }
    std::uint64_t requests() const { return requests_.load(std::memory_order_relaxed); }
    void behave(conduct how) { conduct_.store(how, std::memory_order_relaxed); }
    // As after SIGTERM. Returns when every connection is closed, within a second.
    void leave(leaving how);

private:
    struct connection {
        descriptor socket;
        std::string input;
    };
    struct due_answer {
        steady::time_point at;
        int connection;
        std::uint64_t generation;
    };

    void run();
    void accept_all();
    void receive(int number);
    void take_requests(int number);
    void answer_due();
    void answer(int number);
    void close(int number);
    int wait_milliseconds() const;

    post_ledger& ledger_;
    milliseconds answers_after_;
    std::atomic<conduct> conduct_;
    std::atomic<bool> draining_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> requests_{0};
    std::uint16_t port_ = 0;
    descriptor listener_;
    descriptor poll_;
    descriptor wake_;
    std::map<int, connection> connections_;
    std::map<int, std::uint64_t> generations_;
    std::deque<due_answer> due_;
    std::thread thread_;
};

}  // namespace gateway::support

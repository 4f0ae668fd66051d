// SPDX-License-Identifier: Apache-2.0
// The kernel's sockets, played in memory: no system call, no port, no time but what the script
// lets pass, so that a session runs the same way each time and thousands of times a second. The
// linker puts these functions in the place of recv, send and their kin (--wrap, see
// CMakeLists.txt); descriptors that are not simulated go on to the real ones.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::fuzz {

// One TCP connection between the gateway, which holds a descriptor, and the script.
struct simulated_link {
    // The script's acts.
    void send(std::string_view bytes);
    void finish();                       // FIN
    void reset(bool swallowed = false);  // RST; swallowed: it acknowledged nothing it got
    void read_all();                     // takes what came, and makes room for more
    void stop_reading() { room_max = 0; }

    std::string received;  // all that the script's side has got
    // How the gateway ended it, as its peer sees that.
    bool ended_in_order = false;  // FIN
    bool ended_by_reset = false;
    bool closed = false;  // the gateway holds no descriptor any more

    std::string sent;  // all that the script has sent
    bool finished = false;
    bool was_reset = false;
    bool acknowledges = true;
    bool refused = false;  // the connect failed

    // The kernel's side.
    std::size_t read_at = 0;  // of `sent`, by the gateway
    std::size_t unread = 0;   // of `received`, by the script
    std::size_t room_max = 64 * 1024;
    bool wants_room = false;  // a send found too little
    bool error_told = false;
    bool linger_off = false;  // close() resets
    bool news = false;        // for epoll
    void* watcher = nullptr;  // what the gateway gave to epoll_ctl; null: nothing yet
};

class simulated_network {
public:
    static simulated_network& instance();

    // A connection that the gateway has accepted; `descriptor` is the gateway's.
    simulated_link& connect_client(int& descriptor);
    // Those the gateway made, in that order.
    std::vector<simulated_link*> const& upstream() const { return upstream_; }
    bool has_news() const;
    bool anyone_waits_for_room() const;
    void refuse_next_connect() { refuse_next_ = true; }

    // Forgets all connections; true when the gateway had closed each.
    bool clear();

    std::chrono::nanoseconds now{std::chrono::hours{24}};

    // For the functions that stand in for the system's.
    simulated_link* find(int descriptor);
    int make_link();
    int connect_upstream(simulated_link& link);
    std::vector<std::unique_ptr<simulated_link>>& links() { return links_; }

private:
    std::vector<std::unique_ptr<simulated_link>> links_;
    std::vector<simulated_link*> upstream_;
    bool refuse_next_ = false;
};

}  // namespace gateway::fuzz

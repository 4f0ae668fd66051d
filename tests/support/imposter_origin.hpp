// SPDX-License-Identifier: Apache-2.0
// An upstream that does what the test says, well-behaved or not. Each connection has a thread that
// runs a script; what arrived is recorded for the test to read. Gates a script waits at must
// outlive the origin: declare them first.
#pragma once

#include "support/gate.hpp"
#include "support/http_stream.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace gateway::support {

class imposter_origin;

class origin_connection : public http_stream {
public:
    // An idle connection may wait as long as the test lasts; the origin's end wakes it.
    origin_connection(imposter_origin& owner, stream connection, std::size_t index)
        : http_stream{std::move(connection), patience(60s)}, owner_{owner}, index_{index} {}

    // Both record what came; nothing when the peer closed between two requests.
    std::optional<message> receive_request_head();
    std::optional<message> receive_request();

    std::size_t index() const { return index_; }  // 0 for the origin's first connection

private:
    imposter_origin& owner_;
    std::size_t index_;
};

class imposter_origin {
public:
    using connection_script = std::function<void(origin_connection&)>;
    using answer = std::function<void(origin_connection&, message const& request)>;

    // Answers every request with "hello" and keeps its connections.
    imposter_origin();
    // Runs `script` on every connection, which closes when the script returns.
    explicit imposter_origin(connection_script script);
    // Answers every request with `body`, on a loopback address of its own.
    imposter_origin(std::string const& address, std::uint16_t port, std::string_view body);
    // The same under TLS. `as` outlives the origin.
    explicit imposter_origin(tls_server const& as, connection_script script = {});
    ~imposter_origin();

    imposter_origin(imposter_origin const&) = delete;
    imposter_origin& operator=(imposter_origin const&) = delete;

    // Answers of the well-behaved loop by path, query apart. The request's body has been read.
    imposter_origin& when(std::string path, answer reply);
    imposter_origin& when(std::string path, std::string response_bytes);
    // Answers 200 with `body` once the gate, which outlives the origin, lets it.
    imposter_origin& when_open(gate& release, std::string path, std::string body);
    imposter_origin& otherwise(answer reply);
    imposter_origin& otherwise(std::string response_bytes);
    // The same with the request's body still to be read.
    imposter_origin& when_head_of(std::string path, answer reply);

    std::uint16_t port() const { return listener_.port(); }
    std::string endpoint() const { return "127.0.0.1:" + std::to_string(port()); }

    // Of the handshakes that succeeded, and how many did not.
    std::vector<tls_facts> handshakes() const;
    std::size_t failed_handshakes() const;

    std::vector<message> requests() const;
    message last_request() const;
    std::size_t connections() const;  // accepted so far
    std::size_t open_connections() const;
    // All throw timed_out when it does not come about.
    void wait_for_requests(std::size_t count) const;  // their heads at least
    void wait_for_whole_requests(std::size_t count) const;
    void wait_for_open_connections(std::size_t count) const;

    static std::string ok(std::string_view body, std::string_view fields = {});

private:
    friend class origin_connection;
    imposter_origin(tls_server const* as, connection_script script);
    struct plan {
        answer run;
        bool body_is_read_first;
    };

    imposter_origin(listening_socket listener, tls_server const* as, connection_script script);
    void accept_all();
    bool shakes_hands(stream& connection);
    void run(stream connection, std::size_t index);
    void serve(origin_connection& connection);
    plan plan_for(std::string const& target) const;
    std::size_t begin_record(message const& head);
    void complete_record(std::size_t index, message const& whole);
    void wait_until(std::function<bool()> const& reached, char const* what) const;

    listening_socket listener_;
    descriptor stop_;
    tls_server const* tls_ = nullptr;
    connection_script script_;
    std::map<std::string, plan> plans_;
    plan otherwise_;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<message> requests_;
    std::vector<tls_facts> handshakes_;
    std::size_t failed_handshakes_ = 0;
    std::vector<std::string> failures_;  // of scripts, told at the end
    std::list<std::thread> threads_;
    std::size_t whole_requests_ = 0;
    std::size_t accepted_ = 0;
    std::size_t open_ = 0;
    std::thread acceptor_;  // last: it uses all of the above
};

}  // namespace gateway::support

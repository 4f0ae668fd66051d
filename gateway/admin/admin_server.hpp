// SPDX-License-Identifier: Apache-2.0
// The operators' door: a listener of their own, which no route leads to.
#pragma once

#include "admin/admin_request.hpp"
#include "settings/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace gateway::admin {

struct readiness {
    bool ok = false;
    std::string detail;  // one line for whoever asks why, such as "draining"
};

struct metrics_reply {
    std::string_view content_type;  // a literal
    std::string body;
};

// Where the answers come from. Called on the control thread, once for each request; what they throw
// becomes a 500.
struct admin_sources {
    // By the request's Accept field.
    std::function<metrics_reply(std::string_view accept)> metrics;
    std::function<readiness()> live;
    std::function<readiness()> ready;
    // Whatever else is asked for. `done` is called once, now or later, on the same thread; without
    // it in time the answer is 503.
    using answered = std::function<void(admin_reply)>;
    std::function<void(admin_request const&, answered done)> page{};
    // What a new listener of /events is told first.
    std::function<std::string()> first_event{};
};

// Answers /metrics, /livez and /readyz, streams /events and asks `page` for the rest, on HTTP/1.1
// with keep-alive. Everything about a client is small and bounded: 32 connections, 8 of them
// streams, 8 KiB of header, no body, 10 seconds for a request or a response, 75 seconds between
// requests.
// Lives on the thread that runs `context`; call only there. The context must outlive it.
class admin_server {
public:
    // Binds and listens; throws std::system_error that names the address. With a socket that
    // listens there already and that others hold too, takes that one over.
    admin_server(
        boost::asio::io_context& context,
        settings::host_port const& address,
        admin_sources sources,
        std::optional<int> handed = {});
    ~admin_server();  // stops
    admin_server(admin_server const&) = delete;
    admin_server& operator=(admin_server const&) = delete;

    void start();

    // The port in use, also when the settings said 0.
    std::uint16_t port() const;
    int descriptor() const;  // for whom the socket is handed to

    // Those who listen to /events; each is told one line of text.
    std::size_t listeners() const noexcept;
    void tell(std::string event);

    // Closes the listener and all connections; the context then runs out of this server's work. No
    // source is called any more.
    void stop();

private:
    class service;
    std::shared_ptr<service> service_;  // shared with the coroutines, which end after stop()
};

}  // namespace gateway::admin

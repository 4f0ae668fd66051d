// SPDX-License-Identifier: Apache-2.0
// One core with all that runs on it: the loop's thread, its shard and its listeners.
#pragma once

#include "app/handed_sockets.hpp"
#include "net/listener.hpp"
#include "observe/access_log.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_state.hpp"
#include "proxy/health_checker.hpp"
#include "proxy/inflight.hpp"
#include "proxy/shard.hpp"
#include "runtime/core.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace gateway::app {

class core_unit {
public:
    // Binds the listeners that no socket was handed over for. `addresses` get their real port where
    // they asked for port 0, so that the next core binds the same.
    core_unit(
        std::size_t index,
        std::size_t cores,
        settings::snapshot const& wanted,
        std::vector<net::address>& addresses,
        handed_sockets const& handed,
        observe::access_log_writer* log,
        net::admission& admission,
        proxy::endpoint_watch& endpoints,
        net::tls_store const& tls);
    ~core_unit();

    // From the control thread.
    void start();
    void listen();  // connections are accepted from now on
    // Both halves of a reload; `done` is called on the core. The credentials are those of `next`.
    using shared_edition = std::shared_ptr<proxy::edition const>;
    using shared_tls = std::shared_ptr<net::tls_store const>;
    void prepare(shared_edition next, shared_tls tls);
    void adopt(
        shared_edition next,
        shared_tls tls,
        observe::access_log_writer* log,
        std::function<void()> done);
    void set_endpoints(std::size_t upstream, std::vector<proxy::endpoint_state> states);
    void trace_to(observe::span_lane& spans) noexcept { shard_.spans = &spans; }  // before start()
    // Answered on the core, by a call of `done`.
    void ask_in_flight(
        proxy::inflight_query const& query, std::function<void(proxy::inflight_found)> done);
    void ask_errors(
        std::uint64_t newer_than, std::function<void(std::vector<observe::noted_error>)> done);
    // Compares requests with what a candidate would make of them; null: no more.
    void shadow(std::shared_ptr<settings::snapshot const> candidate);
    void ask_shadow(std::function<void(proxy::shadow_figures)> done);
    void close_routes(std::vector<proxy::shard::closed_route> all);  // those, and no others
    void leave();  // responses say that their connection closes
    void drain(time_point tunnels_until);
    void hand_over();  // another process accepts in its place
    void cut();        // ends every session now
    void stop();       // and joins the thread

    observe::traffic_counters const& counters() const noexcept { return counters_; }
    observe::traffic_counters& counters() noexcept { return counters_; }
    // Of its listeners; before it drains.
    std::vector<int> sockets() const;
    // Since its loop answered last; a live one does ten times a second.
    milliseconds silent_for(time_point now) const noexcept;
    static constexpr milliseconds silent_max{1'000};

private:
    void open_listener(net::address& address, std::optional<int> handed);
    void go_on(
        std::shared_ptr<proxy::inflight_look> const& look,
        std::function<void(proxy::inflight_found)> const& done);

    runtime::core core_;
    observe::traffic_counters counters_;
    proxy::shard shard_;
    std::unique_ptr<proxy::health_checker> health_;  // the first core's; of the whole process
    std::vector<std::unique_ptr<net::listener>> listeners_;
    alignas(cache_line_bytes) std::atomic<time_point::rep> beat_{0};
    std::thread thread_;
};

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// The control thread's desk for endpoints: the names' answers, the probes' verdicts and the cores'
// findings come in, and what follows from them goes out to every core.
#pragma once

#include "app/repeating.hpp"
#include "net/listing.hpp"
#include "net/resolver.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/edition.hpp"
#include "proxy/endpoint_board.hpp"
#include "proxy/endpoint_state.hpp"
#include "settings/settings.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::app {

class endpoint_desk final : public proxy::endpoint_watch {
public:
    // `publish` sends the endpoints of an upstream to every core. Upstreams go by their numbers.
    using publisher =
        std::function<void(std::size_t upstream, std::vector<proxy::endpoint_state> const&)>;

    endpoint_desk(boost::asio::io_context& control, publisher publish);

    // Once, before anything else. `own_zone` may be empty.
    void open(
        proxy::edition const& first,
        std::string_view own_zone,
        std::vector<observe::traffic_counters const*> const& cores);

    // On the control thread.
    // The names' keeper hears of verdicts and of failed connections. Borrowed.
    void report_to(net::resolver& names) noexcept { names_ = &names; }
    // The addresses that an endpoint of the settings stands for now.
    void list(
        std::size_t upstream,
        settings::host_port const& endpoint,
        std::span<net::listing const> found);
    // Boards for upstreams that are in it and were not before.
    void prepare(proxy::edition const& next, std::vector<std::uint32_t> const& before);
    // All others by their new rules, after the cores; they are told what follows from it.
    void adopt(proxy::edition const& next);
    void stop();
    bool awaits_probes() const noexcept;
    std::vector<proxy::endpoint_figures> figures() const;
    // Upstreams without any available endpoint.
    std::vector<std::string_view> unavailable() const;
    // What the operator wants of an endpoint.
    enum class operated : std::uint8_t { changed, unchanged, no_such_upstream, no_such_endpoint };
    operated operate(
        std::string_view upstream, std::string_view endpoint, proxy::operator_word word);

    // From the cores.
    void health_changed(
        std::size_t upstream,
        std::uint32_t number,
        bool healthy,
        std::string why) noexcept override;
    void found_outlier(
        std::size_t upstream, std::uint32_t number, upstream::finding what) noexcept override;
    void connect_failed(net::address const& where) noexcept override;
    void probed(std::size_t upstream, std::uint32_t number) noexcept override;

private:
    template <class Work>
    void post(Work work) noexcept;
    void publish_if(bool changed, std::size_t upstream);
    void ticked();

    boost::asio::io_context& control_;
    repeating ticking_;
    publisher publish_;
    net::resolver* names_ = nullptr;
    std::string own_zone_;
    std::vector<observe::traffic_counters const*> cores_;
    struct kept_board {
        kept_board(
            settings::upstream const& rules,
            std::string_view own_zone,
            std::vector<observe::endpoint_counters const*> counters);

        std::vector<settings::host_port> endpoints;  // by position
        proxy::endpoint_board board;
        bool in_use = true;  // the configuration has its upstream
    };
    std::vector<std::unique_ptr<kept_board>> boards_;  // by number; they stay
};

}  // namespace gateway::app

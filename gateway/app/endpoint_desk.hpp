// SPDX-License-Identifier: Apache-2.0
// The control thread's desk for endpoints: the names' answers, the probes' verdicts and the cores'
// findings come in, and what follows from them goes out to every core.
#pragma once

#include "app/repeating.hpp"
#include "net/listing.hpp"
#include "net/resolver.hpp"
#include "observe/traffic_counters.hpp"
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
    // `publish` sends the endpoints of an upstream to every core. The settings are borrowed.
    using publisher =
        std::function<void(std::size_t upstream, std::vector<proxy::endpoint_state> const&)>;

    endpoint_desk(
        boost::asio::io_context& control, settings::snapshot const& wanted, publisher publish);

    // Once, before anything else. `own_zone` may be empty.
    void open(
        std::string_view own_zone, std::vector<observe::traffic_counters const*> const& cores);

    // On the control thread.
    // The names' keeper hears of verdicts and of failed connections. Borrowed.
    void report_to(net::resolver& names) noexcept { names_ = &names; }
    void list(std::size_t upstream, std::size_t position, std::span<net::listing const> found);
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
    settings::snapshot const& wanted_;
    publisher publish_;
    net::resolver* names_ = nullptr;
    std::vector<std::unique_ptr<proxy::endpoint_board>> boards_;
};

}  // namespace gateway::app

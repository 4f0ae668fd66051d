// SPDX-License-Identifier: Apache-2.0
#include "demo/lone_origin.hpp"

#include "demo/backend.hpp"
#include "demo/frontend.hpp"
#include "demo/http_origin.hpp"
#include "runtime/signal_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <optional>
#include <utility>

namespace gateway::demo {
namespace {

namespace asio = boost::asio;

constexpr milliseconds look = 20ms;

}  // namespace

struct lone_origin::parts {
    parts(origin_kind which, tcp::endpoint where, ending end) : how(end) {
        // Only the backend keeps uploads, for which it needs a folder.
        if (which == origin_kind::backend) application.emplace();
        origin.emplace(
            context, which == origin_kind::backend ? "demo-backend" : "demo-frontend",
            [this](connection& client) {
                return application ? application->answer(client) : pages.answer(client);
            },
            http_origin::limits{}, where);
    }

    void end_gently();
    void await_finished(time_point limit);

    ending how;
    asio::io_context context{1};
    runtime::signal_watch signals{context, {SIGTERM, SIGINT}};
    frontend pages;
    std::optional<backend> application;
    std::optional<http_origin> origin;
    bool ending_begun = false;
    asio::steady_timer timer{context};
};

void lone_origin::parts::end_gently() {
    origin->announce_end();
    if (application) application->announce_end();
    timer.expires_after(how.announce);
    timer.async_wait([this](boost::system::error_code aborted) {
        if (aborted) return;
        origin->close_idle();
        await_finished(clock::now() + how.finish);
    });
}

void lone_origin::parts::await_finished(time_point limit) {
    timer.expires_after(look);
    timer.async_wait([this, limit](boost::system::error_code aborted) {
        if (aborted) return;
        if (!origin->is_serving() || clock::now() >= limit) {
            signals.stop();
            origin->stop();
        } else {
            await_finished(limit);
        }
    });
}

lone_origin::lone_origin(
    origin_kind which, std::string const& host, std::uint16_t port, ending how) {
    std::signal(SIGPIPE, SIG_IGN);
    auto const where = host.empty() ? asio::ip::address{} : asio::ip::make_address(host);
    parts_ = std::make_unique<parts>(which, tcp::endpoint(where, port), how);
}

lone_origin::~lone_origin() = default;

std::uint16_t lone_origin::port() const { return parts_->origin->port(); }

void lone_origin::run(std::function<void(int)> const& signalled) {
    parts_->origin->start();
    parts& all = *parts_;
    all.signals.start([&](int number) {
        if (std::exchange(all.ending_begun, true)) {
            all.context.stop();
            return;
        }
        signalled(number);
        all.end_gently();
    });
    all.context.run();
}

}  // namespace gateway::demo

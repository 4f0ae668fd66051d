// SPDX-License-Identifier: Apache-2.0
#include "demo/origins.hpp"

#include "base/all_signals_blocked.hpp"
#include "demo/backend.hpp"
#include "demo/frontend.hpp"
#include "demo/http_origin.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <thread>

namespace gateway::demo {

struct origins::servers {
    boost::asio::io_context context{1};
    frontend pages;
    backend application;
    http_origin frontend_origin{
        context, "demo-frontend", [this](connection& client) { return pages.answer(client); }, {}};
    http_origin backend_origin{
        context,
        "demo-backend",
        [this](connection& client) { return application.answer(client); },
        {}};
    std::thread thread;
};

origins::origins() : servers_(std::make_unique<servers>()) {}

origins::~origins() { stop(); }

void origins::start() {
    servers_->frontend_origin.start();
    servers_->backend_origin.start();
    all_signals_blocked const inherited_by_the_thread;
    servers_->thread = std::thread([all = servers_.get()] { all->context.run(); });
}

void origins::stop() {
    if (!servers_->thread.joinable()) return;
    boost::asio::post(servers_->context, [all = servers_.get()] {
        all->frontend_origin.stop();
        all->backend_origin.stop();
    });
    servers_->thread.join();
}

std::uint16_t origins::frontend_port() const { return servers_->frontend_origin.port(); }

std::uint16_t origins::backend_port() const { return servers_->backend_origin.port(); }

std::string origins::uploads_folder() const { return servers_->application.uploads_folder(); }

}  // namespace gateway::demo

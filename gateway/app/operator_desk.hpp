// SPDX-License-Identifier: Apache-2.0
// The control thread's desk for the operator: readiness and liveness, what /status, /inflight and
// the dashboard show, and what is changed by hand.
#pragma once

#include "admin/admin_server.hpp"
#include "admin/live_figures.hpp"
#include "admin/metrics_operator.hpp"
#include "admin/operator_pages.hpp"
#include "admin/recent_errors.hpp"
#include "admin/state_page.hpp"
#include "app/candidate_desk.hpp"
#include "app/core_question.hpp"
#include "app/core_unit.hpp"
#include "app/endpoint_desk.hpp"
#include "app/repeating.hpp"
#include "net/admission.hpp"
#include "net/resolver.hpp"
#include "net/tls_credentials.hpp"
#include "settings/settings.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gateway::app {

class operator_desk final : public admin::operator_actions {
public:
    // All borrowed. Not before the cores are there.
    struct parts {
        boost::asio::io_context& control;
        settings::snapshot const& wanted;
        std::vector<std::unique_ptr<core_unit>> const& cores;
        endpoint_desk& endpoints;
        net::resolver& names;
        net::admission& process;
        std::shared_ptr<net::tls_store const> const& tls;
        std::string version;
    };
    explicit operator_desk(parts from);

    // On the control thread.
    void start();
    void opened();    // connections are accepted
    void draining();  // not ready any more, for good
    bool is_open() const noexcept { return opened_; }
    // All that its policy of readiness asks for, but for being open.
    bool could_be_ready() const { return waits_for().empty(); }
    // After a reload: what was asked of things that are gone is forgotten.
    void reconfigured();
    void stop();

    admin::readiness live() const;
    admin::readiness ready();
    admin::operator_figures figures() const;

    // How the configuration came about; without it, it is the first.
    void follow_config(std::function<admin::config_state()> from) { config_ = std::move(from); }
    // Who listens to events, and is told.
    void serve(admin::admin_server& server) noexcept { server_ = &server; }
    void answer(admin::admin_request const& asked, admin::operator_pages::answered done) {
        pages_.answer(asked, std::move(done));
    }
    std::string first_event() const;
    // Who keeps the configuration on trial; borrowed.
    void follow_candidate(candidate_desk& from) noexcept { candidate_ = &from; }

    void tell_status(text_told done) override;
    void tell_in_flight(proxy::inflight_query const& query, text_told done) override;
    std::string config_text() override;
    std::string log_level() override;
    result set_log_level(settings::log_level level, std::string const& by) override;
    result operate(
        std::string const& upstream,
        std::string const& endpoint,
        admin::change what,
        std::string const& by) override;
    result maintain(
        std::string const& route, std::chrono::seconds retry_after, std::string const& by) override;
    void tell_candidate(text_told done) override;
    result load_candidate(std::optional<std::string> const& file, std::string const& by) override {
        return candidate_->load(file, by);
    }
    result promote_candidate(std::string const& by) override { return candidate_->promote(by); }
    result drop_candidate(std::string const& by) override { return candidate_->drop(by); }

private:
    void ticked();
    void judge_readiness();
    std::string waits_for() const;
    void tell_listeners();
    std::string event_text(bool whole) const;
    void collect_errors(std::function<void()> done);
    result no_such_endpoint(std::string const& upstream, std::string const& endpoint) const;
    std::string remark_on(std::string const& upstream) const;
    admin::state_sources state_sources();
    std::vector<admin::certificate_state> certificates() const;
    std::vector<admin::closed_route_state> closed_routes() const;
    bool has_candidate() const noexcept { return candidate_ != nullptr && candidate_->is_there(); }

    // Asks each core by `ask(core, told)`; what it tells on its own thread arrives on this one.
    template <class Answer, class Ask, class Done>
    void ask_cores(Ask ask, Done done);

    parts from_;
    repeating ticking_;
    admin::wall_time started_at_ = admin::wall_now();
    std::function<admin::config_state()> config_;
    admin::admin_server* server_ = nullptr;
    candidate_desk* candidate_ = nullptr;
    bool opened_ = false;
    bool ready_ = false;
    bool draining_ = false;
    unsigned ticks_ = 0;
    std::vector<proxy::shard::closed_route> closed_routes_;
    std::vector<std::shared_ptr<core_question>> questions_;
    admin::operator_pages pages_;
    admin::state_page state_;
    admin::live_figures figures_;
    admin::recent_errors errors_;
};

}  // namespace gateway::app

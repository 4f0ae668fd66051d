// SPDX-License-Identifier: Apache-2.0
#include "app/operator_desk.hpp"

#include "observe/log.hpp"
#include "settings/effective.hpp"
#include "settings/syntax.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace gateway::app {
namespace {

constexpr milliseconds tick{100};
constexpr unsigned ticks_per_second = 10;
// Below the admin server's own limit, so that a stuck core does not hide the others.
constexpr milliseconds cores_answer_within{1'000};
constexpr std::size_t errors_shown = 50;

std::vector<observe::traffic_counters const*> counters_of(
    std::vector<std::unique_ptr<core_unit>> const& cores) {
    std::vector<observe::traffic_counters const*> all;
    for (auto const& each : cores) all.push_back(&std::as_const(*each).counters());
    return all;
}

}  // namespace

operator_desk::operator_desk(parts from)
    : from_(std::move(from)),
      ticking_(from_.control, tick, [this] { ticked(); }),
      config_([this] { return admin::config_state{.source = {}, .loaded_at = started_at_}; }),
      pages_(from_.wanted.admin, *this),
      state_(state_sources()),
      figures_(counters_of(from_.cores)),
      errors_(from_.cores.size()) {}

admin::state_sources operator_desk::state_sources() {
    return {
        .version = from_.version,
        .started_at = started_at_,
        .cores = counters_of(from_.cores),
        .process = &from_.process,
        .changes = pages_.rule(),
        .wanted = [this]() -> settings::snapshot const& { return from_.wanted; },
        .ready = [this] { return ready(); },
        .silent =
            [this] {
                std::vector<milliseconds> all;
                auto const now = clock::now();
                for (auto const& each : from_.cores) all.push_back(each->silent_for(now));
                return all;
            },
        .endpoints = [this] { return from_.endpoints.figures(); },
        .names = [this] { return from_.names.figures(); },
        .config =
            [this] {
                auto state = config_();
                state.candidate = has_candidate();
                return state;
            },
        .closed_routes = [this] { return closed_routes(); },
        .certificates = [this] { return certificates(); }};
}

void operator_desk::start() {
    figures_.take(clock::now());
    ticking_.start();
}

void operator_desk::opened() {
    opened_ = true;
    judge_readiness();
}

void operator_desk::draining() {
    draining_ = true;
    from_.process.set_ready(false);
}

void operator_desk::reconfigured() {
    auto const& routes = from_.wanted.routes;
    auto const is_gone = [&](proxy::shard::closed_route const& one) {
        return std::none_of(
            routes.begin(), routes.end(), [&](auto const& each) { return each.name == one.name; });
    };
    for (auto const& each : closed_routes_) {
        if (is_gone(each)) observe::log_info("route {} is gone, its maintenance ends", each.name);
    }
    if (std::erase_if(closed_routes_, is_gone) != 0) {
        for (auto const& each : from_.cores) each->close_routes(closed_routes_);
    }
    if (candidate_ != nullptr) candidate_->reconfigured();
}

void operator_desk::stop() {
    ticking_.stop();
    for (auto const& each : questions_) each->forget();
    questions_.clear();
}

void operator_desk::ticked() {
    if (!ready_) judge_readiness();
    auto const now = clock::now();
    std::erase_if(questions_, [&](auto const& each) { return each->is_over(now); });
    if (++ticks_ % ticks_per_second != 0) return;
    figures_.take(now);
    if (server_ != nullptr && server_->listeners() != 0) tell_listeners();
}

// Sticky: an upstream that is lost later does not make a gateway worse than its siblings, and
// restarting all of them would not bring it back.
void operator_desk::judge_readiness() {
    if (ready_ || !opened_ || draining_ || !waits_for().empty()) return;
    ready_ = true;
    from_.process.set_ready(true);
    if (from_.wanted.admin.ready != settings::ready_policy::listening) {
        observe::log_info("ready: endpoints are available");
    }
}

// The upstreams without which it is not ready yet.
std::string operator_desk::waits_for() const {
    auto const policy = from_.wanted.admin.ready;
    if (policy == settings::ready_policy::listening) return {};
    auto const without = from_.endpoints.unavailable();
    bool const enough = policy == settings::ready_policy::any_endpoint
                            ? without.size() < from_.wanted.upstreams.size()
                            : without.empty();
    if (enough) return {};
    std::string text;
    for (auto const name : without) text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

admin::readiness operator_desk::ready() {
    judge_readiness();
    if (draining_) return {false, "draining"};
    if (ready_) return {true, "serving"};
    if (!opened_) return {false, "starting"};
    return {false, "waiting for an available endpoint of " + waits_for()};
}

admin::readiness operator_desk::live() const {
    auto const now = clock::now();
    std::string stuck;
    for (std::size_t i = 0; i < from_.cores.size(); ++i) {
        milliseconds const silent = from_.cores[i]->silent_for(now);
        if (silent < core_unit::silent_max) continue;
        stuck += (stuck.empty() ? "core " : ", core ") + std::to_string(i) +
                 " has not answered for " + std::to_string(silent.count()) + " ms";
    }
    if (!stuck.empty()) return {false, stuck};
    return {true, "live"};
}

template <class Answer, class Ask, class Done>
void operator_desk::ask_cores(Ask ask, Done done) {
    using question = asked_cores<Answer>;
    auto const asked = std::make_shared<question>(
        from_.cores.size(), clock::now() + cores_answer_within, std::move(done));
    questions_.push_back(asked);
    for (std::size_t i = 0; i < from_.cores.size(); ++i) {
        ask(*from_.cores[i], i, [this, asked, i](Answer answer) {
            boost::asio::post(from_.control, [asked, i, answer = std::move(answer)]() mutable {
                asked->take(i, std::move(answer));
            });
        });
    }
}

void operator_desk::collect_errors(std::function<void()> done) {
    using noted = std::vector<observe::noted_error>;
    ask_cores<noted>(
        [this](core_unit& core, std::size_t i, auto told) {
            core.ask_errors(errors_.known_of(i), std::move(told));
        },
        [this, done = std::move(done)](asked_cores<noted>::answers const& found) {
            for (std::size_t i = 0; i < found.size(); ++i) {
                if (found[i]) errors_.add(i, *found[i]);
            }
            done();
        });
}

std::string operator_desk::event_text(bool whole) const {
    admin::json_text to;
    to.begin_object();
    state_.write(to);
    to.member("finest_ms", figures_.finest_ms());
    to.key("seconds");
    figures_.write_seconds(to, whole ? admin::live_figures::seconds_kept : 1);
    to.key("causes");
    figures_.write_causes(to);
    to.key("errors");
    errors_.write(to, errors_shown);
    to.end_object();
    return to.take();
}

std::string operator_desk::first_event() const { return event_text(true); }

void operator_desk::tell_listeners() {
    collect_errors([this] {
        if (server_ != nullptr) server_->tell(event_text(false));
    });
}

void operator_desk::tell_status(text_told done) {
    collect_errors([this, done = std::move(done)] {
        admin::json_text to;
        to.begin_object();
        state_.write(to);
        to.key("causes");
        figures_.write_causes(to);
        to.key("errors");
        errors_.write(to, admin::recent_errors::kept);
        to.end_object();
        done(to.take() + '\n');
    });
}

void operator_desk::tell_in_flight(proxy::inflight_query const& query, text_told done) {
    ask_cores<proxy::inflight_found>(
        [query](core_unit& core, std::size_t, auto told) {
            core.ask_in_flight(query, std::move(told));
        },
        [query, done = std::move(done)](asked_cores<proxy::inflight_found>::answers found) {
            std::vector<proxy::inflight_found> all;
            for (auto& each : found) {
                if (each) all.push_back(std::move(*each));
            }
            done(admin::inflight_text(all, query));
        });
}

void operator_desk::tell_candidate(text_told done) {
    if (!candidate_->is_there()) return done(admin::no_candidate_text());
    ask_cores<proxy::shadow_figures>(
        [](core_unit& core, std::size_t, auto told) { core.ask_shadow(std::move(told)); },
        [this, done = std::move(done)](asked_cores<proxy::shadow_figures>::answers const& found) {
            proxy::shadow_figures sum;
            std::size_t silent = 0;
            for (auto const& each : found) {
                if (each) {
                    sum.add(*each);
                } else {
                    ++silent;
                }
            }
            done(admin::candidate_text(candidate_->state(), sum, silent));
        });
}

std::string operator_desk::config_text() { return settings::effective_text(from_.wanted); }

std::string operator_desk::log_level() { return std::string{admin::log_level_word()}; }

operator_desk::result operator_desk::set_log_level(
    settings::log_level level, std::string const& by) {
    std::string const word = settings::level_name::text(level);
    // Said at a level that is written before or after.
    auto const said = observe::log_enabled(settings::log_level::info) ? settings::log_level::info
                                                                      : settings::log_level::error;
    observe::log_formatted(said, "admin: the log level is {}, asked by {}", word, by);
    observe::set_log_level(level);
    return {true, "The log level is " + word + "."};
}

operator_desk::result operator_desk::operate(
    std::string const& upstream,
    std::string const& endpoint,
    admin::change what,
    std::string const& by) {
    using enum proxy::operator_word;
    bool const drains = what == admin::change::drain;
    bool const disables = what == admin::change::disable;
    auto const done = from_.endpoints.operate(
        upstream, endpoint,
        drains     ? drain
        : disables ? disable
                   : none);
    std::string const state = drains ? "drained" : disables ? "disabled" : "in service";
    std::string const text = "endpoint " + endpoint + " of upstream " + upstream + " is " + state;
    switch (done) {
        case endpoint_desk::operated::no_such_upstream:
        case endpoint_desk::operated::no_such_endpoint: return no_such_endpoint(upstream, endpoint);
        case endpoint_desk::operated::unchanged:
            return {true, "The " + text + ", as it was before."};
        case endpoint_desk::operated::changed: break;
    }
    observe::log_warn("admin: {}, asked by {}", text, by);
    return {true, "The " + text + "." + (drains || disables ? remark_on(upstream) : "")};
}

operator_desk::result operator_desk::no_such_endpoint(
    std::string const& upstream, std::string const& endpoint) const {
    std::string upstreams;
    std::string endpoints;
    for (auto const& each : from_.wanted.upstreams) {
        upstreams += (upstreams.empty() ? "" : ", ") + each.name;
    }
    auto const figures = from_.endpoints.figures();
    for (auto const& each : figures) {
        if (each.upstream != upstream) continue;
        endpoints.append(endpoints.empty() ? "" : ", ").append(each.endpoint);
    }
    if (endpoints.empty()) {
        return {
            false,
            "There is no upstream " + upstream + " with endpoints; there are: " + upstreams + "."};
    }
    return {
        false,
        "Upstream " + upstream + " has no endpoint " + endpoint + "; it has: " + endpoints + "."};
}

std::string operator_desk::remark_on(std::string const& upstream) const {
    auto const without = from_.endpoints.unavailable();
    if (std::find(without.begin(), without.end(), upstream) == without.end()) return {};
    auto const figures = from_.endpoints.figures();
    bool const drained = std::any_of(figures.begin(), figures.end(), [&](auto const& each) {
        return each.upstream == upstream && each.standing == proxy::standing::draining;
    });
    return drained ? " No other is available, so requests still go to drained ones."
                   : " No other is available: its requests get 503.";
}

operator_desk::result operator_desk::maintain(
    std::string const& route, std::chrono::seconds retry_after, std::string const& by) {
    auto const& routes = from_.wanted.routes;
    auto const known = std::any_of(
        routes.begin(), routes.end(), [&](auto const& each) { return each.name == route; });
    auto const open = [&](auto const& each) { return each.name == route; };
    bool const ends = retry_after.count() == 0;
    if (!known && !ends) {
        std::string names;
        for (auto const& each : routes) names += (names.empty() ? "" : ", ") + each.name;
        return {false, "There is no route " + route + "; there are: " + names + "."};
    }
    auto const before = std::erase_if(closed_routes_, open);
    if (!ends) closed_routes_.push_back({route, std::to_string(retry_after.count())});
    for (auto const& each : from_.cores) each->close_routes(closed_routes_);
    if (ends && before == 0) return {true, "Route " + route + " was not in maintenance."};
    std::string const text =
        "route " + route +
        (ends ? " is open again"
              : " is closed for maintenance, Retry-After " + std::to_string(retry_after.count()));
    observe::log_warn("admin: {}, asked by {}", text, by);
    return {true, "The " + text + "."};
}

std::vector<admin::closed_route_state> operator_desk::closed_routes() const {
    std::vector<admin::closed_route_state> all;
    for (auto const& each : closed_routes_) all.push_back({each.name, each.retry_after});
    return all;
}

std::vector<admin::certificate_state> operator_desk::certificates() const {
    std::vector<admin::certificate_state> all;
    for (std::size_t i = 0; i < from_.wanted.upstreams.size(); ++i) {
        settings::upstream const& one = from_.wanted.upstreams[i];
        net::tls_credentials const* const credentials = from_.tls->of(i);
        if (credentials == nullptr || one.tls.certificate.empty()) continue;
        all.push_back({"upstream " + one.name, one.tls.certificate, credentials->expires_at()});
    }
    return all;
}

admin::operator_figures operator_desk::figures() const {
    return {
        .ready = ready_ && !draining_,
        .endpoints = from_.endpoints.figures(),
        .closed_routes = closed_routes(),
        .certificates = certificates(),
        .pages = &pages_,
        .cores = counters_of(from_.cores),
        .candidate = has_candidate()};
}

}  // namespace gateway::app

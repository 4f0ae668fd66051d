// SPDX-License-Identifier: Apache-2.0
#include "app/gateway.hpp"

#include "admin/admin_server.hpp"
#include "admin/metrics_page.hpp"
#include "admin/metrics_upgrades.hpp"
#include "app/candidate_desk.hpp"
#include "app/command_line.hpp"
#include "app/core_unit.hpp"
#include "app/endpoint_desk.hpp"
#include "app/figure_lines.hpp"
#include "app/handed_sockets.hpp"
#include "app/machine_share.hpp"
#include "app/memory_watch.hpp"
#include "app/operator_desk.hpp"
#include "app/reloader.hpp"
#include "app/service_manager.hpp"
#include "app/stopping.hpp"
#include "app/task_labels.hpp"
#include "app/trace_resource.hpp"
#include "app/upgrade.hpp"
#include "net/resolver.hpp"
#include "net/span_exporter.hpp"
#include "net/tls_credentials.hpp"
#include "observe/log.hpp"
#include "runtime/signal_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>

#ifndef GATEWAY_VERSION
#define GATEWAY_VERSION "dev"
#endif

namespace gateway::app {
namespace {

namespace asio = boost::asio;

// The first request should find its upstream's name resolved, but a name server that is slow or
// dead delays nothing longer than this.
constexpr milliseconds first_look_up_limit{500};
constexpr milliseconds first_look_up_look{1};

// Every connection costs a descriptor here and one to its upstream; the soft limit is usually 1024.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The wire is encrypted, yet nobody knows to whom.
void warn_of_unverified(settings::snapshot const& wanted) {
    for (settings::upstream const& one : wanted.upstreams) {
        if (!net::wants_tls(one) || one.tls.verify) continue;
        observe::log_warn(
            "upstream {}: certificates are not verified (tls.verify is off): anyone in between can "
            "read and change what is sent",
            one.name);
    }
}

std::vector<net::address> listener_addresses(settings::snapshot const& wanted) {
    std::vector<net::address> all;
    for (settings::listener const& each : wanted.listeners) {
        auto const literal = net::address::from_literal(each.address.host, each.address.port);
        // The loader admits only literal addresses here.
        if (!literal) throw std::invalid_argument("not an address: " + each.address.host);
        all.push_back(*literal);
    }
    return all;
}

observe::traffic_names names_of(settings::snapshot const& wanted) {
    observe::traffic_names names;
    for (auto const& each : wanted.routes) names.routes.push_back(each.name);
    for (auto const& each : wanted.upstreams) names.upstreams.push_back(each.name);
    return names;
}

}  // namespace

struct gateway::parts {
    parts(settings::snapshot const& from, reload_source again);
    ~parts() { stop(); }

    admin::admin_sources sources();
    void signalled(int number);
    void hand_over(pid_t next_process);
    void open(std::function<void()> const& ready);
    void open_when_resolved(time_point limit, std::function<void()> const& ready);
    void reloaded();
    void stop();

    // Before any thread is started, which inherits what is blocked.
    asio::io_context control{1};
    runtime::signal_watch signals{control, {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}};
    settings::snapshot wanted;
    std::vector<net::address> addresses;
    handed_sockets handed;
    net::admission admission;
    std::shared_ptr<net::tls_store const> tls;  // of the configuration in effect
    machine_share share;
    std::unique_ptr<observe::access_log_writer> log;
    std::unique_ptr<net::span_exporter> spans;
    std::vector<std::unique_ptr<core_unit>> cores;
    asio::steady_timer timer{control};
    memory_watch memory;
    net::resolver names{control, wanted.dns};
    endpoint_desk desk{control, [this](std::size_t upstream, auto const& states) {
                           for (auto const& each : cores) each->set_endpoints(upstream, states);
                       }};
    observe::reload_figures reloads;
    std::unique_ptr<reloader> life;
    std::unique_ptr<admin::metrics_page> metrics;
    std::unique_ptr<candidate_desk> trial;
    std::unique_ptr<operator_desk> operators;
    std::unique_ptr<figure_lines> figures;  // null: not wanted
    std::unique_ptr<admin::admin_server> admin;
    service_manager service{control, [this] { return operators->live().ok; }};
    stopping end{control, admission, cores, [this] {
                     names.stop();
                     desk.stop();
                 }};
    predecessor before{control, handed.line()};
    upgrade next{
        control, [this] { return listening_sockets(cores, *admin); },
        [this](pid_t to) { hand_over(to); }};
};

gateway::parts::parts(settings::snapshot const& from, reload_source again)
    : wanted(from),
      addresses(listener_addresses(from)),
      handed(handed_sockets::take(addresses, from.admin.address)),
      admission(
          {.connections = from.limits.connections,
           .connections_per_client = from.limits.connections_per_client}),
      tls(std::make_shared<net::tls_store const>(from)),
      share(find_share(from)),
      memory(control, share.memory, admission) {
    if (wanted.logging.access != settings::access_log_mode::off) {
        std::string const& file = wanted.logging.access_file;
        log = file.empty() ? std::make_unique<observe::access_log_writer>(STDOUT_FILENO)
                           : std::make_unique<observe::access_log_writer>(file);
        log->identify(share.who);
    }
    std::size_t const count = share.threads;
    for (std::size_t i = 0; i < count; ++i) {
        cores.push_back(std::make_unique<core_unit>(
            i, count, wanted, addresses, handed, log.get(), admission, desk, *tls));
    }
    if (wanted.tracing.mode == settings::tracing_mode::export_spans) {
        spans = std::make_unique<net::span_exporter>(
            wanted.tracing, trace_resource(GATEWAY_VERSION, share.zone, share.who), GATEWAY_VERSION,
            wanted.logging.redacted_parameters);
        for (auto const& each : cores) each->trace_to(spans->open_lane());
    }
    std::vector<observe::traffic_counters const*> counters;
    for (auto const& each : cores) counters.push_back(&each->counters());
    desk.open(proxy::first_edition(wanted), share.zone, counters);
    desk.report_to(names);
    metrics = std::make_unique<admin::metrics_page>(
        counters, names_of(wanted), log.get(), GATEWAY_VERSION, &admission);
    metrics->describe(wanted);
    metrics->identify(labels_of(share.who));
    metrics->follow_reloads(reloads);
    life = std::make_unique<reloader>(
        reloader::parts{
            control, wanted, cores, log, admission, names, desk, tls, share.who, reloads},
        std::move(again), [this] { reloaded(); });
    metrics->follow_endpoints([this] { return desk.figures(); });
    metrics->follow_names([this] { return names.figures(); });
    if (spans) metrics->follow_spans(*spans);
    operators = std::make_unique<operator_desk>(
        operator_desk::parts{control, wanted, cores, desk, names, admission, tls, GATEWAY_VERSION});
    trial = std::make_unique<candidate_desk>(*life, wanted, cores);
    operators->follow_candidate(*trial);
    operators->follow_config([this] {
        return admin::config_state{
            .source = std::string{life->source()},
            .generation = reloads.generation,
            .loaded_at = reloads.loaded_at,
            .last_failure = life->last_failure()};
    });
    metrics->follow_more([this](admin::page& to) {
        add_operator(to, operators->figures());
        add_upgrades(to, next.figures());
    });
    if (wanted.metrics.cloudwatch) {
        bool const shared = log && wanted.logging.access_file.empty();
        figures = std::make_unique<figure_lines>(
            control, wanted, share.who, *metrics, shared ? log.get() : nullptr);
    }
    admin = std::make_unique<admin::admin_server>(
        control, wanted.admin.address, sources(), handed.admin());
    operators->serve(*admin);
}

// The answers of the admin server.
admin::admin_sources gateway::parts::sources() {
    return {
        .metrics =
            [this](std::string_view accept) {
                auto const format = admin::exposition_for(accept);
                return admin::metrics_reply{admin::content_type_of(format), metrics->text(format)};
            },
        .live = [this] { return operators->live(); },
        .ready = [this] { return operators->ready(); },
        .page = [this](
                    admin::admin_request const& asked,
                    auto done) { operators->answer(asked, std::move(done)); },
        .first_event = [this] { return operators->first_event(); }};
}

void gateway::parts::open_when_resolved(time_point limit, std::function<void()> const& ready) {
    bool const known = names.has_asked_all() && !desk.awaits_probes();
    if (before.exists()) {
        // Who serves now goes on until this one is ready, and gives up by itself.
        if (known && operators->could_be_ready()) {
            before.offer([this, ready] { open(ready); });
            return;
        }
    } else if (known || clock::now() >= limit) {
        open(ready);
        return;
    }
    timer.expires_after(first_look_up_look);
    timer.async_wait([this, limit, ready](boost::system::error_code aborted) {
        if (!aborted && !end.begun()) open_when_resolved(limit, ready);
    });
}

void gateway::parts::open(std::function<void()> const& ready) {
    for (auto const& each : cores) each->listen();
    operators->opened();
    if (before.exists()) admin->start();
    for (net::address const& each : addresses) observe::log_info("listening on {}", each.text());
    std::string const& admin_host = wanted.admin.address.host;
    observe::log_info("admin on {}:{}", admin_host.empty() ? "0.0.0.0" : admin_host, admin->port());
    observe::log_info(
        "serving with {} thread{}, version {}", cores.size(), cores.size() == 1 ? "" : "s",
        GATEWAY_VERSION);
    service.ready();
    before.serving();
    ready();
}

void gateway::parts::signalled(int number) {
    if (number == SIGUSR1) {
        if (log) log->reopen();
        return;
    }
    if (number == SIGHUP) {
        life->reload("SIGHUP");
        return;
    }
    if (number == SIGUSR2) {
        next.begin(wanted.timeouts.upgrade, end.begun());
        return;
    }
    char const* const name = number == SIGINT ? "SIGINT" : "SIGTERM";
    if (end.begun()) {
        observe::log_warn("{} again: ending now with {} connections open", name, admission.open());
        observe::flush_log();
        std::_Exit(exit_failure);
    }
    next.forget();
    operators->draining();
    life->stop();
    service.stopping(name, wanted.timeouts.drain);
    // Whoever sits at the terminal waits for no load balancer, and nobody comes who was not heard.
    bool const waits = number == SIGTERM && operators->is_open();
    end.begin(
        {.why = name,
         .longest = wanted.timeouts.drain,
         .lame_duck = waits ? wanted.timeouts.lame_duck : 0ms});
}

// A configuration has come into effect.
void gateway::parts::reloaded() {
    metrics->take_series(life->series(), log.get());
    metrics->describe(wanted);
    if (spans) spans->redact(wanted.logging.redacted_parameters);
    operators->reconfigured();
    warn_of_unverified(wanted);
}

// Nobody waits for this one to go: clients that keep their connections are told by a response, and
// those who are idle have half of the time to come.
void gateway::parts::hand_over(pid_t next_process) {
    observe::log_info("upgrade: process {} serves; process {} drains", next_process, ::getpid());
    service.moved_to(next_process);
    operators->draining();
    life->stop();
    admin->stop();
    for (auto const& each : cores) each->hand_over();
    end.begin(
        {.why = "upgrade",
         .longest = wanted.timeouts.drain,
         .lame_duck = wanted.timeouts.drain / 2,
         .accepts = false});
}

void gateway::parts::stop() {
    for (auto const& each : cores) each->stop();
    if (operators) operators->stop();
    if (admin) admin->stop();
}

gateway::gateway(settings::snapshot const& wanted, reload_source again) {
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN);
    parts_ = std::make_unique<parts>(wanted, std::move(again));
}

gateway::~gateway() = default;

std::uint16_t gateway::port(std::size_t listener) const {
    return parts_->addresses[listener].port();
}
std::uint16_t gateway::admin_port() const { return parts_->admin->port(); }

int gateway::run(std::function<void()> const& ready) {
    parts& all = *parts_;
    all.signals.start([&all](int number) { all.signalled(number); });
    warn_of_unverified(all.wanted);
    all.life->start();
    all.memory.start();
    for (auto const& each : all.cores) each->start();
    all.operators->start();
    if (!all.before.exists()) all.admin->start();
    log_identity(all.share.who);
    if (all.figures) all.figures->start();
    all.open_when_resolved(clock::now() + first_look_up_limit, ready);
    all.control.run();

    all.stop();
    all.end.tell();
    if (all.figures) all.figures->finish();
    // The shards hand over their last log lines as they go; then the writer writes them.
    all.cores.clear();
    if (all.log) all.log->stop();
    if (all.spans) all.spans->stop();
    observe::flush_log();
    return exit_fine;
}

}  // namespace gateway::app

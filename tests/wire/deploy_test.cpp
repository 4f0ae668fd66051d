// SPDX-License-Identifier: Apache-2.0
// What clients notice of a deploy, and of one endpoint in four that goes wrong. Ten seconds each;
// GATEWAY_DRILL_SECONDS=60 makes it the minute that is promised. The same drill against nginx and
// HAProxy writes a table (make deploy-drill).
#include "support/deploy_drill.hpp"
#include "support/gateway_process.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

namespace gateway::support {
namespace {

std::chrono::seconds drill_length() {
    char const* const asked = std::getenv("GATEWAY_DRILL_SECONDS");
    return std::chrono::seconds{asked == nullptr ? 10 : std::stoi(asked)};
}

std::string name_and_port(deploy_drill const& drill) {
    return std::string{deploy_drill::name} + ":" + std::to_string(drill.port());
}

// The gateway's defaults, but for the endpoint that never answers, which would take 55 s to show.
configuration gateway_settings(deploy_drill const& drill) {
    auto settings = all_to(name_and_port(drill));
    settings.section("dns", "servers: [\"127.0.0.1:" + std::to_string(drill.dns_port()) + "\"]");
    settings.timeouts("response_head: 3s");
    settings.logging("access: \"off\"");
    return settings;
}

std::uint16_t free_port() {
    listening_socket const probe;
    return probe.port();
}

struct running_peer {
    std::string name;
    std::unique_ptr<temporary_file> settings;
    std::unique_ptr<temporary_file> pid_file;
    std::unique_ptr<child_process> process;
    std::uint16_t port = 0;

    void await_listening() const {
        auto const until = steady::now() + patience();
        for (;;) {
            try {
                stream::connect(port);
                return;
            } catch (connect_refused const&) {
                if (steady::now() > until || process->has_ended()) {
                    throw timed_out{name + ": " + process->err().text()};
                }
            }
        }
    }
};

// nginx follows a name only where it stands in a variable, and then pools no connections.
running_peer start_nginx(deploy_drill const& drill) {
    running_peer peer{"nginx", {}, {}, {}, free_port()};
    std::string const dns = "127.0.0.1:" + std::to_string(drill.dns_port());
    // nginx removes its pid file at its end, so it must be one of our own.
    peer.pid_file = std::make_unique<temporary_file>("", ".pid");
    peer.settings = std::make_unique<temporary_file>(
        "daemon off; worker_processes 1; error_log /dev/null; pid " + peer.pid_file->path() +
            ";\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off;\n"
            "  resolver " +
            dns +
            " valid=1s ipv6=off;\n"
            "  server { listen 127.0.0.1:" +
            std::to_string(peer.port) +
            ";\n"
            "    proxy_connect_timeout 2s; proxy_read_timeout 3s;\n"
            "    location / { set $app " +
            name_and_port(drill) +
            "; proxy_pass http://$app;\n"
            "      proxy_http_version 1.1; proxy_set_header Connection \"\"; } } }\n",
        ".conf");
    peer.process = std::make_unique<child_process>(
        command{"/usr/sbin/nginx", {"-c", peer.settings->path()}, {}});
    peer.await_listening();
    return peer;
}

running_peer start_haproxy(deploy_drill const& drill) {
    running_peer peer{"HAProxy", {}, {}, {}, free_port()};
    peer.settings = std::make_unique<temporary_file>(
        "global\n  nbthread 1\n"
        "resolvers drill\n  nameserver one 127.0.0.1:" +
            std::to_string(drill.dns_port()) +
            "\n"
            "  hold valid 1s\n  timeout resolve 1s\n"
            "defaults\n  mode http\n  http-reuse safe\n  retries 3\n  option redispatch 1\n"
            "  retry-on conn-failure empty-response\n"
            "  timeout connect 2s\n  timeout client 60s\n  timeout server 3s\n"
            "frontend drill\n  bind 127.0.0.1:" +
            std::to_string(peer.port) +
            "\n"
            "  # Only what may be repeated is retried.\n"
            "  http-request disable-l7-retry if METH_POST\n"
            "  default_backend app\n"
            "backend app\n"
            "  server-template app 8 " +
            name_and_port(drill) +
            " resolvers drill resolve-prefer ipv4"
            " init-addr none check inter 1s\n",
        ".cfg");
    peer.process = std::make_unique<child_process>(
        command{"/usr/sbin/haproxy", {"-db", "-f", peer.settings->path()}, {}});
    peer.await_listening();
    return peer;
}

struct variant {
    char const* title;
    drill_plan plan;

    // What the policy lets a client see. An endpoint that never answers is ejected after five
    // time-outs in a row, while as many as there are clients wait for it; then it may come back
    // once. A GET that was reset is tried again. Five hundreds reach the client until the success
    // rate is judged, once a second.
    std::uint64_t failed_gets_max(drill_tally const& of) const {
        switch (plan.odd_one) {
            case conduct::never_answers: return 2 * plan.clients;
            case conduct::answers_500: return of.gets / 4;
            default: return 0;
        }
    }
    // A POST that was reset is not repeated: a third of a quarter of them, and chance.
    std::uint64_t failed_posts_max(drill_tally const& of) const {
        switch (plan.odd_one) {
            case conduct::never_answers: return 2 * plan.clients;
            case conduct::answers_500: return of.posts / 4;
            case conduct::resets_one_in_three: return of.posts / 8;
            default: return 0;
        }
    }
};

std::vector<variant> variants() {
    auto const length = drill_length();
    drill_plan const odd{.length = length, .replaces = false};
    std::vector<variant> all{{"every endpoint replaced", {.length = length}}};
    for (auto const& [title, how] :
         {std::pair{"one never answers", conduct::never_answers},
          {"one resets one in three", conduct::resets_one_in_three},
          {"one answers 500", conduct::answers_500},
          {"one is 20 times slower", conduct::slow}}) {
        all.push_back({title, odd});
        all.back().plan.odd_one = how;
    }
    return all;
}

void write_row(std::ostream& to, char const* title, char const* proxy, drill_tally const& got) {
    auto const share = [&](std::uint64_t part, std::uint64_t whole) {
        std::ostringstream text;
        text << part << " (" << std::setprecision(3)
             << 100.0 * static_cast<double>(part) /
                    static_cast<double>(std::max<std::uint64_t>(whole, 1))
             << " %)";
        return text.str();
    };
    to << "| " << title << " | " << proxy << " | "
       << static_cast<std::uint64_t>(static_cast<double>(got.requests()) / got.seconds) << " | "
       << share(got.failed_gets, got.gets) << " | " << share(got.failed_posts, got.posts) << " | "
       << got.repeated_posts << " | " << std::fixed << std::setprecision(2) << got.slowest_seconds
       << " s |\n"
       << std::defaultfloat << std::flush;
}

}  // namespace

TEST_CASE(
    "no GET fails and no POST is repeated while every endpoint is replaced", "[wire][deploy]") {
    deploy_drill drill;
    gateway_process gateway{gateway_settings(drill)};
    gateway.wait_for_metric("gateway_dns_addresses", 4, {{"state", "present"}});
    auto const got = drill.run(gateway.port(), {.length = drill_length()});
    INFO(got.text());
    CHECK(got.replaced >= 4);
    CHECK(got.failed_gets == 0);
    CHECK(got.repeated_posts == 0);
    // Half of the endpoints go without draining: a POST that one of them had begun may be lost, and
    // nobody can know.
    CHECK(got.failed_posts <= got.replaced * drill_plan{}.clients);
}

TEST_CASE("one bad endpoint in four spoils hardly more than its share", "[wire][deploy]") {
    for (variant const& one : variants()) {
        if (one.plan.replaces) continue;
        deploy_drill drill;
        gateway_process gateway{gateway_settings(drill)};
        gateway.wait_for_metric("gateway_dns_addresses", 4, {{"state", "present"}});
        auto plan = one.plan;
        plan.length = std::min<std::chrono::seconds>(plan.length, plan.length / 4 + 2s);
        auto const got = drill.run(gateway.port(), plan);
        INFO(one.title << ": " << got.text());
        CHECK(got.repeated_posts == 0);
        CHECK(got.failed_gets <= one.failed_gets_max(got));
        CHECK(got.failed_posts <= one.failed_posts_max(got));
    }
}

// Writes Markdown to GATEWAY_DRILL_TABLE, or to standard output. By hand: make deploy-drill.
TEST_CASE("the table of the deploy drill", "[.][deploy-table]") {
    char const* const path = std::getenv("GATEWAY_DRILL_TABLE");
    std::ofstream file;
    if (path != nullptr) file.open(path);
    std::ostream& to = path != nullptr ? file : std::cout;
    to << "| drill, " << drill_length().count() << " s | proxy | requests/s | failed GET | "
       << "failed POST | repeated POST | slowest |\n|---|---|---|---|---|---|---|\n";
    for (variant const& one : variants()) {
        {
            deploy_drill drill;
            gateway_process gateway{gateway_settings(drill)};
            write_row(to, one.title, "gateway", drill.run(gateway.port(), one.plan));
        }
        for (auto* const start : {start_nginx, start_haproxy}) {
            deploy_drill drill;
            auto const peer = start(drill);
            std::this_thread::sleep_for(2s);  // HAProxy resolves and checks first
            write_row(to, one.title, peer.name.c_str(), drill.run(peer.port, one.plan));
            peer.process->signal(SIGTERM);  // a master that is killed leaves its workers
            peer.process->wait_exit();
        }
    }
}

}  // namespace gateway::support

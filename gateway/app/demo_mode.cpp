// SPDX-License-Identifier: Apache-2.0
#include "app/demo_mode.hpp"

#include "app/gateway.hpp"
#include "demo/lone_origin.hpp"
#include "demo/origins.hpp"
#include "observe/log.hpp"

#include <csignal>
#include <cstdio>
#include <string>

namespace gateway::app {
namespace {

std::string text_of(settings::host_port const& at) {
    bool const v6 = at.host.find(':') != std::string::npos;
    return (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

void print_welcome(std::uint16_t port, std::uint16_t admin_port) {
    std::fprintf(
        stderr,
        "\n"
        "  The gateway is serving two demo upstreams.\n\n"
        "    open     http://localhost:%u/             a page to click through everything\n"
        "    try      curl -i http://localhost:%u/api/health\n"
        "    watch    http://localhost:%u/             the dashboard, live\n"
        "    metrics  http://localhost:%u/metrics\n\n"
        "  Access log: one JSON line per request, below. Ctrl-C drains and ends.\n\n",
        port, port, admin_port, admin_port);
}

}  // namespace

int run_demo(command const& wanted) {
    demo::origins origins;
    origins.start();
    std::string const frontend = "127.0.0.1:" + std::to_string(origins.frontend_port());
    std::string const backend = "127.0.0.1:" + std::to_string(origins.backend_port());
    settings::environment const process = process_environment();
    // The demo is the default configuration; only addresses differ.
    settings::environment const variables =
        [&](std::string_view name) -> std::optional<std::string> {
        if (name == "FRONTEND_ADDR") return frontend;
        if (name == "BACKEND_ADDR") return backend;
        if (name == "LISTEN") return text_of(*wanted.listen);
        if (name == "ADMIN_LISTEN" && wanted.admin) return text_of(*wanted.admin);
        return process(name);
    };
    settings::loaded const loaded = settings::load_default(variables);
    if (!loaded.value) {
        print_problems(loaded);
        return exit_usage;
    }
    observe::set_up_log(loaded.value->logging.level);
    gateway whole{*loaded.value};
    return whole.run([&] { print_welcome(whole.port(0), whole.admin_port()); });
}

int run_origin(command const& wanted) {
    bool const backend = *wanted.only == command::origin::backend;
    char const* const name = backend ? "backend" : "frontend";
    observe::set_up_log(settings::log_level::info);
    demo::lone_origin origin{
        backend ? demo::origin_kind::backend : demo::origin_kind::frontend, wanted.listen->host,
        wanted.listen->port};
    settings::host_port const bound{wanted.listen->host, origin.port()};
    observe::log_info("demo {} listening on {}", name, text_of(bound));
    origin.run([](int number) {
        observe::log_info("{}: ending gently", number == SIGINT ? "SIGINT" : "SIGTERM");
    });
    observe::log_info("demo {} ended", name);
    observe::flush_log();
    return exit_fine;
}

}  // namespace gateway::app

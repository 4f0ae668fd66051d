// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include "app/config_tests.hpp"
#include "app/explain.hpp"
#include "app/lint.hpp"
#include "net/tls_credentials.hpp"
#include "settings/problem.hpp"
#include "settings/syntax.hpp"
#include "settings/test_syntax.hpp"

#include <boost/version.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

#ifndef GATEWAY_VERSION
#define GATEWAY_VERSION "dev"
#endif

namespace gateway::app {
namespace {

constexpr char const* system_config_path = "/etc/gateway/gateway.yaml";

constexpr char const* description = R"(The gateway: an HTTP/1.1 reverse proxy.

It listens, chooses an upstream for each request by its host, path and method, and passes bytes
both ways without storing them.)";

constexpr char const* footer = R"(
Examples:
  gateway demo                        two demo upstreams behind it; open http://localhost:8080/
  gateway check -c gateway.yaml       lists everything that is wrong with a file, then exits
  gateway explain GET http://localhost/api/x    says where that request goes, and why
  gateway run -c gateway.yaml         serves
  gateway healthcheck                 asks the gateway in this container; for HEALTHCHECK
  BACKEND_ADDR=10.0.0.7:5000 gateway run    the built-in configuration, one address changed

Configuration, the first of:
  -c FILE
  /etc/gateway/gateway.yaml, if it exists
  the built-in one: / to ${FRONTEND_ADDR:-frontend-service:80}, /api/ and /uploads/ to
    ${BACKEND_ADDR:-backend-service:5000}, listening on ${LISTEN:-0.0.0.0:80}, metrics and health on
    ${ADMIN_LISTEN:-0.0.0.0:9113}
  Any value in a file may hold ${NAME} or ${NAME:-default} from the environment.
  Every key, its default and its bounds: gateway --describe-settings

Signals:
  TERM, INT   accept nothing new, finish what runs, within timeouts.drain; again: end at once
  HUP         load the configuration again; one with a mistake is refused and said in the log
  USR1        open logging.access_file anew, after a rotation
  USR2        start the program anew from its path, hand it the listening sockets, then drain;
              if it cannot serve within timeouts.upgrade, go on. Not as a container's first process

Exit codes:
  0  fine, also after draining
  1  failure at run time, such as an address in use
  2  wrong command line or configuration; nothing was started

Logs: a line for each request on stdout (JSON; see logging.access), everything else on stderr.)";

// Fills the address or throws what CLI11 reports as wrong usage.
void set_address(
    std::optional<settings::host_port>& into, char const* option, std::string const& text) {
    settings::refusal why{std::string{settings::listen_address::expected}, {}};
    into = settings::listen_address::parse(text, why);
    if (into) return;
    std::string said = "found " + settings::in_quotes(text) + ", expected " + why.expected;
    if (!why.hint.empty()) said += "; " + why.hint;
    throw CLI::ValidationError{option, said};
}

void add_config_option(CLI::App& to, command& out) {
    to.add_option("-c,--config", out.config_path, "Configuration file in YAML")
        ->type_name("FILE")
        ->expected(1);
}

CLI::App* add_demo(CLI::App& to, command& out) {
    CLI::App* const demo =
        to.add_subcommand("demo", "Serve two demo upstreams that run in this same process");
    demo->add_option_function<std::string>(
            "--listen",
            [&out](std::string const& text) { set_address(out.listen, "--listen", text); },
            "Where clients connect (default 0.0.0.0:8080)")
        ->type_name("ADDR");
    demo->add_option_function<std::string>(
            "--admin", [&out](std::string const& text) { set_address(out.admin, "--admin", text); },
            "Where metrics and health are served (default 0.0.0.0:9113)")
        ->type_name("ADDR");
    demo->add_option_function<std::string>(
            "--origins-only",
            [&out](std::string const& text) {
                using origin = command::origin;
                out.only = text == "backend" ? origin::backend : origin::frontend;
            },
            "Serve one demo upstream on the address of --listen, and no gateway")
        ->type_name("frontend|backend")
        ->check(CLI::IsMember({"frontend", "backend"}))
        ->excludes("--admin");
    return demo;
}

CLI::App* add_healthcheck(CLI::App& to, command& out) {
    CLI::App* const healthcheck =
        to.add_subcommand("healthcheck", "Ask a running gateway how it is; 0 for well, 1 if not");
    add_config_option(*healthcheck, out);
    healthcheck->add_flag(
        "--ready", out.ready, "Ask /readyz, which a draining gateway denies, instead of /livez");
    healthcheck
        ->add_option("--url", out.url, "Ask there instead of at the configuration's admin address")
        ->type_name("URL")
        ->excludes("--ready");
    return healthcheck;
}

template <class Syntax>
std::string checked(std::string const& what, std::string const& text) {
    settings::refusal why{std::string{Syntax::expected}, {}};
    auto const value = Syntax::parse(text, why);
    if (value) return *value;
    std::string said = "found " + settings::in_quotes(text) + ", expected " + why.expected;
    if (!why.hint.empty()) said += "; " + why.hint;
    throw CLI::ValidationError{what, said};
}

CLI::App* add_explain(CLI::App& to, command& out) {
    CLI::App* const explain =
        to.add_subcommand("explain", "Say where a request would go, and which line says so");
    add_config_option(*explain, out);
    explain
        ->add_option_function<std::vector<std::string>>(
            "request",
            [&out](std::vector<std::string> const& words) {
                std::string text;
                for (auto const& each : words) text += (text.empty() ? "" : " ") + each;
                out.request = checked<settings::request_text>("request", text);
            },
            "The method and the URL: GET http://host/path?query; GET may be left out")
        ->type_name("[METHOD] URL")
        ->expected(1, 2)
        ->required();
    explain
        ->add_option_function<std::vector<std::string>>(
            "-H,--header",
            [&out](std::vector<std::string> const& lines) {
                for (std::string const& line : lines) {
                    std::size_t const colon = line.find(':');
                    std::size_t const value = line.find_first_not_of(' ', colon + 1);
                    out.headers.emplace_back(
                        checked<settings::any_field_name>("--header", line.substr(0, colon)),
                        colon == line.npos || value == line.npos
                            ? std::string{}
                            : checked<settings::field_value>("--header", line.substr(value)));
                }
            },
            "A field of the request; may be given several times")
        ->type_name("'NAME: VALUE'")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    explain
        ->add_option_function<std::string>(
            "--client",
            [&out](std::string const& text) {
                out.client = checked<settings::peer_address>("--client", text);
            },
            "The address the connection comes from (default 127.0.0.1)")
        ->type_name("ADDRESS");
    return explain;
}

// The files that a well-formed configuration names are read as well.
void check_named_files(settings::loaded& loaded, std::string const& config_path) {
    for (settings::upstream const& one : loaded.value->upstreams) {
        if (!net::wants_tls(one)) continue;
        net::tls_credentials const read{one.tls};
        for (net::tls_problem const& each : read.problems()) {
            loaded.problems.push_back(
                {.file = config_path,
                 .found = settings::in_quotes(each.file),
                 .expected = each.expected,
                 .hint = each.why,
                 .key = "upstreams." + one.name + ".tls." + each.key});
        }
    }
}

// What the configuration promises of itself.
void run_its_tests(settings::loaded& loaded) {
    for (auto& each : failed_tests(loaded)) loaded.problems.push_back(std::move(each));
}

}  // namespace

std::variant<command, int> parse(int argc, char const* const* argv) {
    using kind = command::kind;
    command out;
    CLI::App app{description, "gateway"};
    app.footer(footer);
    app.set_help_flag("-h,--help", "Print this and exit");
    bool version = false;
    bool describe = false;
    app.add_flag("--version", version, "The same as gateway version");
    app.add_flag("--describe-settings", describe, "Print every setting, in Markdown, and exit");
    app.require_subcommand(0, 1);

    CLI::App* const run = app.add_subcommand("run", "Serve until told to stop");
    CLI::App* const check = app.add_subcommand("check", "Say what is wrong with a configuration");
    CLI::App* const explain = add_explain(app, out);
    CLI::App* const demo = add_demo(app, out);
    CLI::App* const healthcheck = add_healthcheck(app, out);
    CLI::App* const print_version = app.add_subcommand("version", "Print versions and exit");
    add_config_option(*run, out);
    add_config_option(*check, out);
    check->add_flag("--strict", out.strict, "Exit with 2 when there are warnings");

    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        bool const asked_for_help = error.get_exit_code() == 0;
        app.exit(error, std::cout, std::cerr);
        return asked_for_help ? exit_fine : exit_usage;
    }

    if (version || print_version->parsed()) {
        out.what = kind::version;
    } else if (describe) {
        out.what = kind::describe_settings;
    } else if (run->parsed()) {
        out.what = kind::run;
    } else if (check->parsed()) {
        out.what = kind::check;
    } else if (explain->parsed()) {
        out.what = kind::explain;
    } else if (healthcheck->parsed()) {
        out.what = kind::healthcheck;
    } else if (demo->parsed()) {
        out.what = kind::demo;
        if (!out.listen) out.listen = settings::host_port{"0.0.0.0", 8080};
    } else {
        std::cerr << app.help();
        return exit_usage;
    }
    return out;
}

std::string config_path_or_default(command const& from) {
    if (from.config_path) return *from.config_path;
    std::error_code ignored;
    return std::filesystem::exists(system_config_path, ignored) ? system_config_path
                                                                : std::string{};
}

settings::environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        char const* const value = std::getenv(std::string{name}.c_str());
        return value ? std::optional<std::string>{value} : std::nullopt;
    };
}

settings::loaded load_settings(command const& from, settings::environment const& variables) {
    // An empty path after -c is somebody's unset variable, not a wish for the built-in one.
    std::string const path = config_path_or_default(from);
    bool const built_in = path.empty() && !from.config_path;
    settings::loaded loaded =
        built_in ? settings::load_default(variables) : settings::load_file(path, variables);
    if (!loaded.value) return loaded;
    check_named_files(loaded, path);
    run_its_tests(loaded);
    if (!loaded.problems.empty()) loaded.value.reset();
    return loaded;
}

void print_problems(settings::loaded const& from) {
    for (settings::problem const& one : from.problems) std::cerr << settings::to_text(one) << '\n';
    std::cerr.flush();
}

int check(command const& from) {
    settings::loaded const loaded = load_settings(from, process_environment());
    print_problems(loaded);
    if (!loaded.value) return exit_usage;
    std::vector<advice> const warnings = lint(loaded);
    for (advice const& each : warnings) std::cerr << to_text(loaded.file, each) << '\n';
    std::cerr.flush();
    if (from.strict && !warnings.empty()) return exit_usage;
    std::string const path = config_path_or_default(from);
    auto const counted = [](std::size_t n, std::string const& noun) {
        return std::to_string(n) + ' ' + noun + (n == 1 ? "" : "s");
    };
    std::cout << "ok: " << counted(loaded.value->listeners.size(), "listener") << ", "
              << counted(loaded.value->routes.size(), "route") << ", "
              << counted(loaded.value->upstreams.size(), "upstream");
    if (!loaded.value->tests.empty()) {
        std::cout << ", " << counted(loaded.value->tests.size(), "test") << " passed";
    }
    if (!warnings.empty()) std::cout << ", " << counted(warnings.size(), "warning");
    std::cout << " (" << (path.empty() ? "built-in configuration" : path) << ")\n";
    std::cout.flush();
    return exit_fine;
}

int explain(command const& from) {
    settings::loaded const loaded = load_settings(from, process_environment());
    if (!loaded.value) {
        print_problems(loaded);
        return exit_usage;
    }
    std::cout << explanation(loaded, {from.request, from.headers, from.client});
    std::cout.flush();
    return exit_fine;
}

std::string version_text() {
    std::string const boost = std::to_string(BOOST_VERSION / 100'000) + '.' +
                              std::to_string(BOOST_VERSION / 100 % 1'000) + '.' +
                              std::to_string(BOOST_VERSION % 100);
    return "gateway " GATEWAY_VERSION "\ng++ " __VERSION__ ", Boost " + boost;
}

}  // namespace gateway::app

// SPDX-License-Identifier: Apache-2.0
// Parse, load, run, exit code.
#include "app/command_line.hpp"
#include "app/demo_mode.hpp"
#include "app/gateway.hpp"
#include "app/health_check.hpp"
#include "observe/log.hpp"
#include "settings/schema.hpp"

#include <cstdio>
#include <exception>
#include <string>

namespace {

using namespace gateway;

int run(app::command const& wanted) {
    settings::loaded const loaded = app::load_settings(wanted, app::process_environment());
    if (!loaded.value) {
        app::print_problems(loaded);
        return app::exit_usage;
    }
    observe::set_up_log(loaded.value->logging.level);
    app::reload_source const again{
        .load =
            [wanted](std::string const& file) {
                app::command other = wanted;
                if (!file.empty()) other.config_path = file;
                return app::load_settings(other, app::process_environment());
            },
        .path = app::config_path_or_default(wanted)};
    app::gateway whole{*loaded.value, again};
    return whole.run([] {});
}

int carry_out(app::command const& wanted) {
    switch (wanted.what) {
        case app::command::kind::run: return run(wanted);
        case app::command::kind::check: return app::check(wanted);
        case app::command::kind::explain: return app::explain(wanted);
        case app::command::kind::demo:
            return wanted.only ? app::run_origin(wanted) : app::run_demo(wanted);
        case app::command::kind::healthcheck: return app::check_health(wanted);
        case app::command::kind::version: std::puts(app::version_text().c_str()); break;
        case app::command::kind::describe_settings:
            std::fputs(settings::reference_page().c_str(), stdout);
            break;
    }
    return app::exit_fine;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        auto const parsed = app::parse(argc, argv);
        if (auto const* code = std::get_if<int>(&parsed)) return *code;
        return carry_out(std::get<app::command>(parsed));
    } catch (std::exception const& failed) {
        observe::log_error("{}", failed.what());
        observe::flush_log();
        return app::exit_failure;
    }
}

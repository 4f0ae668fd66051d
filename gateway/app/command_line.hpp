// SPDX-License-Identifier: Apache-2.0
// What the operator typed, and the commands that need no running gateway.
#pragma once

#include "settings/load.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gateway::app {

inline constexpr int exit_fine = 0;
inline constexpr int exit_failure = 1;  // It started, or tried to, and could not go on.
inline constexpr int exit_usage = 2;    // Wrong command line or configuration; nothing was started.

struct command {
    enum class kind : std::uint8_t {
        run,
        check,
        explain,
        demo,
        healthcheck,
        version,
        describe_settings
    };
    enum class origin : std::uint8_t { frontend, backend };

    kind what = kind::run;
    std::optional<std::string> config_path{};                    // all but demo: what -c says
    bool strict = false;                                         // check: advice is a problem
    std::string request{};                                       // explain: "GET http://host/path"
    std::vector<std::pair<std::string, std::string>> headers{};  // explain: of the request
    std::string client = "127.0.0.1";                            // explain: where it comes from
    std::optional<settings::host_port> listen{};                 // demo: always present
    std::optional<settings::host_port> admin{};                  // demo: present when given
    std::optional<origin> only{};      // demo: this origin alone, no gateway
    bool ready = false;                // healthcheck: ask whether it is ready
    std::optional<std::string> url{};  // healthcheck: ask there
};

// The command, or the exit code when help or a complaint has been printed.
std::variant<command, int> parse(int argc, char const* const* argv);

// What -c says, else /etc/gateway/gateway.yaml if it exists, else empty: the built-in
// configuration.
std::string config_path_or_default(command const& from);

// The process's own variables. Call only while nobody changes them.
settings::environment process_environment();

settings::loaded load_settings(command const& from, settings::environment const& variables);

// One line each on stderr.
void print_problems(settings::loaded const& from);

// `gateway check`: loads and says on stdout that all is well, or on stderr what is not; on stderr
// too what is well-formed and unwise. Returns the exit code.
int check(command const& from);

// `gateway explain`: on stdout. Returns the exit code.
int explain(command const& from);

// `gateway version`, without a final newline.
std::string version_text();

}  // namespace gateway::app

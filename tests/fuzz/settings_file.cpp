// SPDX-License-Identifier: Apache-2.0
// A settings file: settings or problems, never both, never an exception; each problem says where
// it is; the same file says the same twice; what is accepted can be served.
#include "base/check.hpp"
#include "routing/table.hpp"
#include "settings/load.hpp"

#include <string>

namespace gateway::fuzz {
namespace {

std::optional<std::string> variable(std::string_view name) {
    if (name == "PORT") return "8080";
    if (name == "HOST") return "app.internal";
    if (name == "ODD") return "a: [b\n${PORT}";
    return std::nullopt;
}

void check_problems(settings::loaded const& first, settings::loaded const& second) {
    GATEWAY_CHECK(first.problems.size() == second.problems.size());
    for (std::size_t i = 0; i < first.problems.size(); ++i) {
        GATEWAY_CHECK(
            settings::to_text(first.problems[i]) == settings::to_text(second.problems[i]));
        GATEWAY_CHECK(!settings::to_text(first.problems[i]).empty());
    }
}

void run(std::string_view input) {
    std::string const text{input};
    settings::loaded const first = settings::load_text(text, "fuzz.yaml", variable);
    settings::loaded const second = settings::load_text(text, "fuzz.yaml", variable);
    GATEWAY_CHECK(first.value.has_value() == first.problems.empty());
    check_problems(first, second);
    if (!first.value) return;
    GATEWAY_CHECK(first.value == second.value);
    GATEWAY_CHECK(!first.value->listeners.empty());
    for (auto const& route : first.value->routes) {
        bool known = false;
        for (auto const& each : first.value->upstreams) known |= each.name == route.upstream;
        GATEWAY_CHECK(known);
    }
    routing::table const table{*first.value};
    static_cast<void>(table.find("example.com", "/a/b", http::method::get, "GET"));
}

}  // namespace
}  // namespace gateway::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    gateway::fuzz::run({reinterpret_cast<char const*>(data), size});
    return 0;
}

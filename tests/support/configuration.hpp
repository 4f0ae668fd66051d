// SPDX-License-Identifier: Apache-2.0
// The text of a settings file for one test: listeners and admin on ports the kernel chooses, one
// thread, and whatever the test adds. Values are YAML in flow style, as in the documentation.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace gateway::support {

class configuration {
public:
    configuration();

    // `endpoints` in order, "host:port" each; `more` are further keys, as ", host: example.com".
    configuration& upstream(
        std::string const& name,
        std::vector<std::string> const& endpoints,
        std::string const& more = {});
    configuration& raw_upstream(std::string const& line);  // "app: { endpoints: [...] }"
    configuration& route(std::string const& keys);         // "prefix: /, upstream: app"
    configuration& timeouts(std::string const& keys) { return section("timeouts", keys); }
    configuration& limits(std::string const& keys) { return section("limits", keys); }
    configuration& forwarding(std::string const& keys) { return section("forwarding", keys); }
    configuration& logging(std::string const& keys) { return section("logging", keys); }
    configuration& runtime(std::string const& keys) { return section("runtime", keys); }
    // Replaces what the section held.
    configuration& section(std::string const& name, std::string const& keys);
    configuration& listeners(std::vector<std::string> const& addresses);

    std::size_t listener_count() const { return listeners_.size(); }
    std::string text() const;

private:
    std::vector<std::string> listeners_;
    std::string upstreams_;
    std::string routes_;
    std::map<std::string, std::string> sections_;
};

// Everything goes to one upstream, called "app".
configuration all_to(std::string const& endpoint);

}  // namespace gateway::support

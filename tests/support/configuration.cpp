// SPDX-License-Identifier: Apache-2.0
#include "support/configuration.hpp"

namespace gateway::support {

configuration::configuration() {
    listeners({"127.0.0.1:0"});
    section("admin", "address: \"127.0.0.1:0\"");
    runtime("threads: 1");
}

configuration& configuration::upstream(
    std::string const& name, std::vector<std::string> const& endpoints, std::string const& more) {
    std::string list;
    for (auto const& endpoint : endpoints) {
        list += (list.empty() ? "\"" : ", \"") + endpoint + "\"";
    }
    upstreams_ += "  " + name + ": { endpoints: [" + list + "]" + more + " }\n";
    return *this;
}

configuration& configuration::raw_upstream(std::string const& line) {
    upstreams_ += "  " + line + "\n";
    return *this;
}

configuration& configuration::route(std::string const& keys) {
    routes_ += "  - { " + keys + " }\n";
    return *this;
}

configuration& configuration::section(std::string const& name, std::string const& keys) {
    sections_[name] = keys;
    return *this;
}

configuration& configuration::listeners(std::vector<std::string> const& addresses) {
    listeners_ = addresses;
    return *this;
}

std::string configuration::text() const {
    std::string text{"listeners:\n"};
    for (auto const& address : listeners_) text += "  - { address: \"" + address + "\" }\n";
    text += "upstreams:\n" + upstreams_ + "routes:\n" + routes_;
    auto sections = sections_;
    std::string& timeouts = sections["timeouts"];
    // No load balancer has to notice that a test ends.
    if (timeouts.find("lame_duck") == timeouts.npos) {
        timeouts += (timeouts.empty() ? "" : ", ") + std::string{"lame_duck: 0ms"};
    }
    for (auto const& [name, keys] : sections) text += name + ": { " + keys + " }\n";
    return text;
}

configuration all_to(std::string const& endpoint) {
    return configuration{}.upstream("app", {endpoint}).route("prefix: /, upstream: app");
}

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
#include "app/health_check.hpp"

#include "net/plain_get.hpp"

#include <algorithm>
#include <iostream>

namespace gateway::app {
namespace {

// Below the 3 s that the image's HEALTHCHECK allows.
constexpr milliseconds answer_limit{2'000};

int unhealthy(std::string const& why) {
    std::cerr << "unhealthy: " << why << std::endl;
    return exit_failure;
}

// A body is shown as the one line that a container's health log has room for.
std::string first_line(std::string_view body) {
    constexpr std::size_t shown_max = 200;
    return std::string{body.substr(0, std::min(body.find_first_of("\r\n"), shown_max))};
}

}  // namespace

std::string admin_url(settings::host_port const& admin, std::string_view path) {
    if (admin.port == 0) return {};
    std::string host = admin.host;
    if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    if (host.find(':') != host.npos) host = '[' + host + ']';
    return "http://" + host + ':' + std::to_string(admin.port) + std::string{path};
}

int check_health(command const& wanted) {
    std::string url = wanted.url.value_or("");
    if (!wanted.url) {
        settings::loaded const loaded = load_settings(wanted, process_environment());
        if (!loaded.value) {
            print_problems(loaded);
            return unhealthy("the configuration says no admin address; it has the problems above");
        }
        url = admin_url(loaded.value->admin.address, wanted.ready ? "/readyz" : "/livez");
        if (url.empty()) return unhealthy("the admin address has port 0; say --url where to ask");
    }
    net::plain_answer const answer = net::plain_get(url, answer_limit);
    if (answer.status == 0) return unhealthy(url + ": " + answer.failure);
    std::string const said = std::to_string(answer.status) + ' ' + first_line(answer.body);
    if (answer.status < 200 || answer.status > 299) return unhealthy(url + ": " + said);
    std::cout << "healthy: " << url << ": " << said << std::endl;
    return exit_fine;
}

}  // namespace gateway::app

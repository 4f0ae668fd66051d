// SPDX-License-Identifier: Apache-2.0
// What nearly every test of TLS to an upstream needs: an authority, a certificate of it, the files
// that the gateway's settings name, and the settings.
#pragma once

#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"

#include <string>

namespace gateway::support {

inline std::string https(imposter_origin const& origin, std::string const& host = "localhost") {
    return "https://" + host + ":" + std::to_string(origin.port());
}

// All to one upstream, "app", under TLS. `more` are keys of its `tls` section.
inline configuration all_over_tls(std::string const& endpoint, std::string const& more) {
    configuration settings;
    settings.upstream("app", {endpoint}, ", tls: {" + more + "}");
    settings.route("prefix: /, upstream: app");
    return settings;
}

struct tls_case {
    authority ca;
    temporary_file ca_file{ca.certificate(), ".pem"};
    tls_server server{ca.issue()};

    std::string trust() const { return "ca: \"" + ca_file.path() + "\""; }
    configuration settings_for(imposter_origin const& origin) const {
        return all_over_tls(https(origin), trust());
    }
};

}  // namespace gateway::support

// SPDX-License-Identifier: Apache-2.0
// The counters of all cores as one page in the Prometheus text format.
#pragma once

#include "net/admission.hpp"
#include "net/resolver.hpp"
#include "observe/reload_counters.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_board.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gateway::observe {
class access_log_writer;
}

namespace gateway::admin {

// Borrows the counters and the writer; they must outlive it. For the control thread.
class metrics_page {
public:
    // `access_log` is null when the access log is off, `process` when nothing is admitted. The
    // process's start time is read here once, because each later reading would differ by the
    // rounding of the clocks.
    metrics_page(
        std::vector<observe::traffic_counters const*> cores,
        observe::traffic_names names,
        observe::access_log_writer const* access_log,
        std::string version,
        net::admission const* process = nullptr);

    // Where the series by endpoint come from; without it there are none.
    using endpoint_source = std::function<std::vector<proxy::endpoint_figures>()>;
    void follow_endpoints(endpoint_source from) { endpoints_ = std::move(from); }
    using name_source = std::function<std::vector<net::name_figures>()>;
    void follow_names(name_source from) { names_source_ = std::move(from); }

    void follow_reloads(observe::reload_counters const& from) { reloads_ = &from; }
    // After a reload: names for all numbers there are, and the access log if it is on.
    void take_series(observe::traffic_names names, observe::access_log_writer const* access_log) {
        names_ = std::move(names);
        access_log_ = access_log;
    }

    std::string text() const;

private:
    std::vector<observe::traffic_counters const*> cores_;
    observe::traffic_names names_;
    endpoint_source endpoints_;
    name_source names_source_;
    observe::access_log_writer const* access_log_;
    std::string version_;
    net::admission const* process_;
    observe::reload_counters const* reloads_ = nullptr;
    double start_time_seconds_;
};

}  // namespace gateway::admin

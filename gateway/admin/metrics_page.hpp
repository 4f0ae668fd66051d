// SPDX-License-Identifier: Apache-2.0
// The counters of all cores as one page of metrics.
#pragma once

#include "admin/exposition.hpp"
#include "net/admission.hpp"
#include "net/resolver.hpp"
#include "net/span_exporter.hpp"
#include "observe/reload_figures.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/endpoint_board.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gateway::observe {
class access_log_writer;
}

namespace gateway::admin {

class page;

// What the page shows of the settings, or keeps to.
struct page_facts {
    std::uint32_t series_max = settings::metrics{}.series_max;
    bool nginx = true;
    std::uint64_t connections_limit = 0;                              // 0: not known
    std::vector<std::pair<std::string, std::uint64_t>> queue_limits;  // by upstream
};

// Labels of target_info: where this process runs, in the words of OpenTelemetry's conventions.
using target_identity = std::vector<std::pair<std::string, std::string>>;

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
    ~metrics_page();

    // The settings that are served now.
    void describe(settings::snapshot const& wanted);
    // What becomes of reloads; borrowed.
    void follow_reloads(observe::reload_figures const& from) { reloads_ = &from; }
    void identify(target_identity who) { identity_ = std::move(who); }

    // Where the series by endpoint come from; without it there are none.
    using endpoint_source = std::function<std::vector<proxy::endpoint_figures>()>;
    void follow_endpoints(endpoint_source from) { endpoints_ = std::move(from); }
    using name_source = std::function<std::vector<net::name_figures>()>;
    void follow_names(name_source from) { names_source_ = std::move(from); }
    void follow_spans(net::span_exporter const& from) { spans_ = &from; }  // borrowed

    // Whoever has more to show.
    using addition = std::function<void(page&)>;
    void follow_more(addition from) { more_ = std::move(from); }
    // After a reload: names for all numbers there are, and the access log if it is on.
    void take_series(observe::traffic_names names, observe::access_log_writer const* access_log) {
        names_ = std::move(names);
        access_log_ = access_log;
    }

    page collect();
    std::string text(exposition format = exposition::prometheus);

private:
    std::vector<observe::traffic_counters const*> cores_;
    observe::traffic_names names_;
    endpoint_source endpoints_;
    name_source names_source_;
    net::span_exporter const* spans_ = nullptr;  // null: none leave
    addition more_;
    observe::access_log_writer const* access_log_;
    std::string version_;
    net::admission const* process_;
    double start_time_seconds_;
    page_facts facts_;
    target_identity identity_;
    observe::reload_figures const* reloads_ = nullptr;
    struct cap;  // hides prometheus-cpp
    std::unique_ptr<cap> cap_;
};

}  // namespace gateway::admin

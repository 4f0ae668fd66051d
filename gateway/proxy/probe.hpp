// SPDX-License-Identifier: Apache-2.0
// One probe of a health check: connect, ask, judge the answer.
#pragma once

#include "net/address.hpp"
#include "net/stream.hpp"
#include "net/tls_client.hpp"
#include "observe/endpoint_counters.hpp"
#include "runtime/core.hpp"
#include "runtime/deadline_list.hpp"
#include "runtime/task.hpp"
#include "settings/settings.hpp"

#include <string>
#include <string_view>

namespace gateway::proxy {

struct probe_verdict {
    observe::probe_result result = observe::probe_result::passed;
    std::string why{};  // "status 503", "connect_refused"; empty when it passed
};

// The request of a probe, for the endpoint with that text.
std::string probe_request(settings::upstream const& of, std::string_view endpoint_text);

// `socket` belongs to the caller, who may abort it: with response_head_timeout when the time is
// up. `connect` only bounds the connecting. `tls` is null for a plain endpoint; otherwise even a
// probe that only connects shakes hands.
runtime::task<probe_verdict> probe(
    runtime::core& home,
    settings::health_check const& rules,
    net::address to,
    net::tls_peer* tls,
    std::string const& request,
    runtime::deadline_list& connect,
    net::stream& socket);

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// What /config/candidate shows: what a candidate configuration would have done with the requests
// that came since it is there.
#pragma once

#include "admin/state_page.hpp"
#include "proxy/shadow.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gateway::admin {

struct candidate_state {
    std::string file;
    wall_time loaded_at{};
    std::uint64_t generation = 1;        // of the configuration it is compared with
    std::string changes{};               // from that one
    std::vector<std::string> restart{};  // keys that take a new process
};

std::string no_candidate_text();
// `cores_silent` have not answered; their requests are missing.
std::string candidate_text(
    candidate_state const& of, proxy::shadow_figures const& found, std::size_t cores_silent);

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
// The latest errors of all cores, collected from their rings. For the control thread.
#pragma once

#include "admin/json_text.hpp"
#include "observe/error_ring.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gateway::admin {

class recent_errors {
public:
    static constexpr std::size_t kept = 100;

    explicit recent_errors(std::size_t cores) : known_(cores) {}

    // What a core has to be asked for next.
    std::uint64_t known_of(std::size_t core) const noexcept { return known_[core]; }
    void add(std::size_t core, std::vector<observe::noted_error> const& fresh);

    // The newest first.
    void write(json_text& to, std::size_t count) const;

private:
    std::vector<std::uint64_t> known_;       // the newest number of each core
    std::vector<observe::noted_error> all_;  // the newest first
};

}  // namespace gateway::admin

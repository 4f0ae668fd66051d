// SPDX-License-Identifier: Apache-2.0
// A configuration on trial: loaded and compared with the running one on live requests, then
// promoted or dropped. Lives on the control thread.
#pragma once

#include "admin/candidate_page.hpp"
#include "admin/operator_pages.hpp"
#include "app/core_unit.hpp"
#include "app/reloader.hpp"
#include "settings/settings.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gateway::app {

class candidate_desk {
public:
    using result = admin::operator_actions::result;

    // All borrowed.
    candidate_desk(
        reloader& life,
        settings::snapshot const& wanted,
        std::vector<std::unique_ptr<core_unit>> const& cores)
        : life_(life), wanted_(wanted), cores_(cores) {}

    // From the configuration file, or from `file` beside it. Replaces the candidate before it.
    result load(std::optional<std::string> const& file, std::string const& by);
    result promote(std::string const& by);
    result drop(std::string const& by);
    bool is_there() const noexcept { return candidate_ != nullptr; }
    admin::candidate_state const& state() const noexcept { return state_; }

    // The running configuration is another one: comparing begins anew.
    void reconfigured();

private:
    void compare_from_now();  // what was asked, as far as it takes no restart
    void forget();

    reloader& life_;
    settings::snapshot const& wanted_;
    std::vector<std::unique_ptr<core_unit>> const& cores_;
    std::shared_ptr<settings::snapshot const> candidate_;  // null: none
    settings::snapshot asked_;                             // of it, as the file has it
    admin::candidate_state state_;
};

}  // namespace gateway::app

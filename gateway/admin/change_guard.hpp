// SPDX-License-Identifier: Apache-2.0
// Who may change something through the admin listener. A request without a word of the operator's
// behind it - from another machine, or from a web page in the operator's own browser - may not.
#pragma once

#include "admin/admin_request.hpp"
#include "settings/settings.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gateway::admin {

enum class change_rule : std::uint8_t { refused, loopback, token };

class change_guard {
public:
    explicit change_guard(settings::admin const& wanted);

    change_rule rule() const noexcept { return rule_; }
    // What to say instead of doing it; nothing when it may be done.
    std::optional<admin_reply> refuse(admin_request const& asked) const;

private:
    std::string token_;
    std::string address_;
    change_rule rule_;
};

std::string_view word_of(change_rule rule) noexcept;

// Takes as long for a wrong secret as for the right one.
bool equal_in_constant_time(std::string_view given, std::string_view secret) noexcept;

}  // namespace gateway::admin

// SPDX-License-Identifier: Apache-2.0
// What one configuration makes of a request, and how two such rulings differ. For proxy/shadow.
#pragma once

#include "base/error.hpp"
#include "http/forwarded.hpp"
#include "proxy/shadow.hpp"
#include "settings/settings.hpp"

#include <string_view>

namespace gateway::proxy {

struct shadow::ruling {
    settings::snapshot const& settings;
    cause why = cause::none;                       // not none: the gateway answers by itself
    settings::route const* route = nullptr;        // null: none, or not asked for
    settings::upstream const* upstream = nullptr;  // of a split the first part; null: none
    bool trusted_peer = false;
    http::address16 client{};
    std::string_view head{};  // as it would be sent upstream
};

difference_set differences(shadow::ruling const& running, shadow::ruling const& candidate);

// In words, without values that may be secret: fields go by their names, queries are left out.
shadow_row::detail detail_of(
    difference what, shadow::ruling const& running, shadow::ruling const& candidate);

}  // namespace gateway::proxy

// SPDX-License-Identifier: Apache-2.0
// Environment variables in configuration values.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::settings {

using environment = std::function<std::optional<std::string>(std::string_view)>;

struct expansion {
    std::string text;   // What the value becomes; empty when there is a complaint.
    std::string found;  // The reference that cannot be expanded, in quotes; empty when all could.
    std::string expected;
    std::string hint;
};

// Replaces `${NAME}` and, when NAME is unset or empty, `${NAME:-default}`; `$$` becomes `$`, any
// other
// `$` stays. What a variable holds is taken as it is: it is never expanded again.
// A value of more than `expanded_bytes_max` with a variable in it is refused.
inline constexpr std::size_t expanded_bytes_max = 64 * 1024;

expansion expand(std::string_view text, environment const& variables);

}  // namespace gateway::settings

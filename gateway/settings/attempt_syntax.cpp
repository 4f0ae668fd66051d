// SPDX-License-Identifier: Apache-2.0
// Syntaxes of the settings in attempt_settings.hpp.
#include "settings/syntax.hpp"

namespace gateway::settings {
namespace {

constexpr std::uint32_t weight_max = 1'000'000;

}  // namespace

std::optional<std::uint32_t> weight::parse(std::string_view text, refusal& why) {
    std::optional<std::uint32_t> const n = count::parse(text, why);
    why = {std::string{expected}, {}};
    if (!n || *n > weight_max) return std::nullopt;
    return n;
}

std::optional<std::uint16_t> retried_status::parse(std::string_view text, refusal& why) {
    std::optional<std::uint32_t> const status = count::parse(text, why);
    why = {std::string{expected}, {}};
    if (!status || *status < 500 || *status > 599) return std::nullopt;
    return static_cast<std::uint16_t>(*status);
}

}  // namespace gateway::settings

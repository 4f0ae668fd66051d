// SPDX-License-Identifier: Apache-2.0
#include "settings/admin_syntax.hpp"

#include "settings/dictionary.hpp"

#include <algorithm>

namespace gateway::settings {
namespace {

constexpr dictionary<ready_policy, 3> policies{
    {{"listening", ready_policy::listening},
     {"any_endpoint", ready_policy::any_endpoint},
     {"every_upstream", ready_policy::every_upstream}}};

}  // namespace

std::optional<ready_policy> ready_policy_name::parse(std::string_view text, refusal& why) {
    return look_up(text, policies, why);
}

std::string ready_policy_name::text(ready_policy const& what) { return word_for(what, policies); }

std::optional<std::string> admin_token::parse(std::string_view text, refusal& why) {
    bool const visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (visible && (text.empty() || (text.size() >= size_min && text.size() <= size_max))) {
        return std::string{text};
    }
    why.hint = "make one with: openssl rand -hex 32";
    return std::nullopt;
}

std::optional<std::string> optional_path::parse(std::string_view text, refusal& why) {
    return text.empty() ? std::string{} : url_path::parse(text, why);
}

}  // namespace gateway::settings

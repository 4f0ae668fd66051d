// SPDX-License-Identifier: Apache-2.0
// Secrets that travel in queries, such as "?access_token=...", are not for the log.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::observe {

// Lives on one core.
class redaction {
public:
    // Parameter names in any case. Empty hides nothing.
    explicit redaction(std::vector<std::string> names);

    // The target or URL with the values of secret parameters replaced by "***". Names are compared
    // as whoever decodes them would read them. Valid until the next call and while `url` is; of a
    // longer text at least `shown_bytes_max` + 1 bytes are kept, so that its reader sees it was
    // cut.
    std::string_view hide(std::string_view url) noexcept;

    static constexpr std::size_t shown_bytes_max = 2'048;

private:
    bool is_secret(std::string_view name) const noexcept;

    std::vector<std::string> names_;  // lower case
    std::size_t longest_ = 0;
    std::array<char, shown_bytes_max + 64> text_;
};

}  // namespace gateway::observe

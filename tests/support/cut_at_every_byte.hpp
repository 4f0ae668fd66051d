// SPDX-License-Identifier: Apache-2.0
// Whatever parses must not care how its bytes arrive.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::support {

// `read(first, second)` reads two pieces one after another and says in words what came of it; the
// second may be empty. Returns where cutting changed that, or nothing. Both pieces lie in memory of
// exactly their size, so that the address sanitizer sees a read beyond them.
template <class Read>
std::string cut_at_every_byte(std::string_view bytes, Read read) {
    auto const whole = read(std::string{bytes}, std::string{});
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        auto const cut = read(std::string{bytes.substr(0, at)}, std::string{bytes.substr(at)});
        if (cut != whole) {
            return "cut at " + std::to_string(at) + ": " + cut + " instead of " + whole;
        }
    }
    return {};
}

}  // namespace gateway::support
